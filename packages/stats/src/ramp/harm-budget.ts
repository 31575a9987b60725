import { StatsError } from "../numeric/error.ts";

export type HarmBudget = {
  /** B: excess bad outcomes that are tolerated over the horizon. */
  readonly tolerated: number;
  /** H: windows that it has to last for. */
  readonly windows: number;
};

const LEAST_EXCESS = 0.001;
const LEAST_WEIGHT = 0.05;
const MOST_WEIGHT = 0.5;

/**
 * The next weight of an adaptive ramp, as a share: clip(min(2w, B/(H n max(U, 0.001))), 0.05, 0.5), with n sessions a window
 * of both arms and U the upper end of the confidence sequence of the absolute excess of bad outcomes. So expected harm
 * stays within the budget at the worst rate that is still believed. Source: `statistics.md` 3.10.
 */
export function nextWeight(
  weight: number,
  { sessionsPerWindow, upperExcess }: { readonly sessionsPerWindow: number; readonly upperExcess: number },
  { tolerated, windows }: HarmBudget,
): number {
  if (!(weight >= 0 && weight <= 1 && sessionsPerWindow >= 0 && tolerated > 0 && windows > 0 && upperExcess <= 1)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found weight ${weight}, ${sessionsPerWindow} sessions a window, an excess of ${upperExcess} and a budget of ${tolerated} over ${windows} windows, expected shares of 0 to 1 and positive numbers`,
      hint: "5 % is a share of 0.05",
    });
  }
  const harm = windows * sessionsPerWindow * Math.max(upperExcess, LEAST_EXCESS);
  const affordable = harm === 0 ? Infinity : tolerated / harm;
  return Math.min(MOST_WEIGHT, Math.max(LEAST_WEIGHT, Math.min(2 * weight, affordable)));
}

/** w n H U: the worst harm still believed at a weight, in excess bad outcomes. Never negative. */
export function worstHarm(
  weight: number,
  { sessionsPerWindow, upperExcess }: { readonly sessionsPerWindow: number; readonly upperExcess: number },
  windows: number,
): number {
  return Math.max(0, weight * sessionsPerWindow * windows * upperExcess);
}
