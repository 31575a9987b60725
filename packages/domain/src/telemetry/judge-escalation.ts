import type { ReleasePolicy } from "../release/policy.ts";
import type { TaskState, TurnRecord } from "../routing/turn-record.ts";
import type { Score } from "./score.ts";
import type { Span } from "./span.ts";

/** The score that says that a person took over, whatever its value. Names with this start are Perch's own. */
export const ESCALATION_SCORE = "perch.escalation";
const OWN_SCORES = "perch.";

export function isOwnScore({ name }: Pick<Score, "name">): boolean {
  return name.startsWith(OWN_SCORES);
}

/** What a session has to show for having been handed to a person, or to whoever asked for it. */
export type EscalationEvidence = {
  /** By time. */
  readonly records: readonly TurnRecord[];
  readonly toolCalls: readonly Span[];
  readonly scores: readonly Score[];
  readonly policy: Pick<ReleasePolicy, "escalationTools">;
};

/**
 * Whether somebody else had to take over: a tool of escalation was called, somebody said so, or an A2A task was rejected or
 * still waits, at the end of the session, for somebody's input or permission.
 */
export function isEscalated({ records, toolCalls, scores, policy }: EscalationEvidence): boolean {
  if (toolCalls.some(({ tool }) => tool !== null && policy.escalationTools.includes(tool.name))) return true;
  if (scores.some(({ name }) => name === ESCALATION_SCORE)) return true;
  const states = taskStates(records);
  const last = states.at(-1);
  return states.includes("rejected") || last === "input-required" || last === "auth-required";
}

/** Where each turn left its task, by time; of turns that told of one. */
export function taskStates(records: readonly TurnRecord[]): readonly TaskState[] {
  return records.flatMap(({ taskState }) => taskState ?? []);
}
