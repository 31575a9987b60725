import type { ReleasePolicy } from "../release/policy.ts";
import type { Score } from "./score.ts";
import type { Outcome } from "./session-measures.ts";
import type { Span } from "./span.ts";

/** The name under which the SDK and others say how a session ended. */
export const OUTCOME_SCORE = "outcome";
const SUCCESS_FROM = 0.5;

/**
 * What the session came to: what somebody said of it, the latest word counting; else, where the release's policy names
 * tools of success, whether one of them was called without an error. Null when neither tells.
 */
export function judgeOutcome(
  scores: readonly Score[],
  toolCalls: readonly Span[],
  { successTools }: Pick<ReleasePolicy, "successTools">,
): Outcome | null {
  const said = scores
    .filter(({ name }) => name === OUTCOME_SCORE)
    .toSorted(byTime)
    .at(-1);
  if (said !== undefined) return saidOutcome(said);
  if (successTools.length === 0) return null;
  const isDone = toolCalls.some(({ tool, isError }) => tool !== null && !isError && successTools.includes(tool.name));
  return isDone ? "success" : "failure";
}

/** By its label, where that is one of the two; a label of somebody's own leaves the number. */
function saidOutcome({ label, value }: Score): Outcome {
  if (label === "success" || label === "failure") return label;
  return value >= SUCCESS_FROM ? "success" : "failure";
}

function byTime(a: Score, b: Score): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}
