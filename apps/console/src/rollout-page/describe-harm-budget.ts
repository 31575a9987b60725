import type { RolloutView } from "@perch/api";
import { formatCount, formatWeight } from "./format-number.ts";

/** How far the harm budget lets the weight go, and why no further. */
export function describeHarmBudget({
  budget,
  horizonWindows,
  sessionsPerWindow,
  upperExcess,
  affordableBp,
}: NonNullable<RolloutView["harmBudget"]>): string {
  const within = `Harm budget of ${budget} excess bad sessions over ${horizonWindows} windows`;
  if (affordableBp === null) return within;
  const afford = `${within} affords ${formatWeight(affordableBp)}`;
  if (sessionsPerWindow === null || upperExcess === null) return `${afford}: traffic is being measured`;
  const points = Number((upperExcess * 100).toFixed(1));
  return `${afford}: ${formatCount(Math.round(sessionsPerWindow))} sessions a window, and up to ${points} points worse is not excluded yet`;
}
