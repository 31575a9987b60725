import type { RolloutView } from "@perch/api";

/** What the harm budget affords, and from what that follows; nothing for other ramps. */
export function describeHarmBudget({ harmBudget }: RolloutView): readonly string[] {
  if (harmBudget === null) return [];
  const { budget, horizonWindows, sessionsPerWindow, upperExcess, affordableBp } = harmBudget;
  const within = `${budget} excess bad sessions over ${horizonWindows} windows`;
  if (affordableBp === null) return [`harm budget   ${within}`];
  const traffic =
    sessionsPerWindow === null ? "traffic not measured yet" : `${Math.round(sessionsPerWindow)} sessions a window`;
  const excess =
    upperExcess === null ? "" : `, up to ${Number((upperExcess * 100).toFixed(1))} points worse not excluded`;
  return [`harm budget   ${within}: affords ${affordableBp / 100} % (${traffic}${excess})`];
}
