import type { ReleasePolicy } from "../release/policy.ts";
import { taskStates, type EscalationEvidence } from "./judge-escalation.ts";
import type { Score } from "./score.ts";
import type { Outcome } from "./session-measures.ts";

/** The name under which the SDK and others say how a session ended. */
export const OUTCOME_SCORE = "outcome";
const SUCCESS_FROM = 0.5;

/** As for an escalation, of the same session. */
export type OutcomeEvidence = Omit<EscalationEvidence, "policy"> & {
  readonly policy: Pick<ReleasePolicy, "successTools">;
};

/**
 * What the session came to: what somebody said of it, the latest word counting; else, where the release's policy names
 * tools of success, whether one of them was called without an error; else where its last A2A task ended. Null when
 * nothing tells.
 */
export function judgeOutcome({ scores, toolCalls, records, policy }: OutcomeEvidence): Outcome | null {
  const said = scores
    .filter(({ name }) => name === OUTCOME_SCORE)
    .toSorted(byTime)
    .at(-1);
  if (said !== undefined) return saidOutcome(said);
  const { successTools } = policy;
  const isDone = toolCalls.some(({ tool, isError }) => tool !== null && !isError && successTools.includes(tool.name));
  if (isDone) return "success";
  const ended = taskStates(records).at(-1);
  if (ended === "failed" || ended === "rejected" || successTools.length > 0) return "failure";
  return ended === "completed" ? "success" : null;
}

/** By its label, where that is one of the two; a label of somebody's own leaves the number. */
export function saidOutcome({ label, value }: Score): Outcome {
  if (label === "success" || label === "failure") return label;
  return value >= SUCCESS_FROM ? "success" : "failure";
}

function byTime(a: Score, b: Score): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}
