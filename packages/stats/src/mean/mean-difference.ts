import { StatsError } from "../numeric/error.ts";
import { meanOf, type Share } from "./share-out.ts";

export type MeanComparison = {
  /** Values above it count as it: the historical 99th percentile, frozen before the rollout. Above 0. */
  readonly cap: number;
  /** ρ: how much worse is tolerated, as a share of the baseline's mean; 0 for "not worse at all". */
  readonly relativeMargin: number;
  /** The bad direction. */
  readonly worse: "higher" | "lower";
};

/** The least that `meanDifference` can be: what the test has to be opened with. */
export function lowestDifference({ relativeMargin, worse }: MeanComparison): number {
  return worse === "higher" ? -(1 + relativeMargin) : -1;
}

/**
 * How much worse than tolerated one canary session was, in units of the cap: (min(c,cap) − (1+ρ) b̄)/cap when higher is
 * worse, ((1−ρ) b̄ − min(c,cap))/cap when lower is; b̄ the mean of its own capped baseline sessions. Its expectation is
 * ≤ 0 when the canary's capped mean is not worse than the margin allows, whatever the distributions.
 * Source: `statistics.md` 3.5. Throws `StatsError` `parameter_out_of_range` for values below 0 or that are no numbers.
 */
export function meanDifference({ canary, baseline }: Share, comparison: MeanComparison): number {
  const { cap, relativeMargin, worse } = comparison;
  if (!(cap > 0 && cap < Infinity && relativeMargin >= 0 && relativeMargin < 1)) {
    throw outOfRange(
      `a cap of ${cap} and a margin of ${relativeMargin}`,
      "a positive cap and a margin of 0 to below 1",
    );
  }
  const odd = [canary, ...baseline].find((value) => !(value >= 0));
  if (odd !== undefined) throw outOfRange(`a value of ${odd}`, "values from 0 up");
  const own = Math.min(canary, cap);
  const mean = meanOf(baseline.map((value) => Math.min(value, cap)));
  return worse === "higher" ? (own - (1 + relativeMargin) * mean) / cap : ((1 - relativeMargin) * mean - own) / cap;
}

/** How much worse than the baseline a canary may be and still count as "not worse". */
export type ToleratedDifference = {
  readonly cap: number;
  /** ρ, a share of the baseline's mean, and Δ, in the values' own unit; they add up. */
  readonly relative: number;
  readonly absolute: number;
  readonly worse: "higher" | "lower";
};

/**
 * How much better than just tolerable one canary session was, in units of the cap: ((1+ρ) b̄ + Δ − min(c,cap))/cap when higher
 * is worse, (min(c,cap) − (1−ρ) b̄ + Δ)/cap when lower is. Never below −1, and its expectation is ≤ 0 when the canary's capped
 * mean is worse than tolerated, so `observeBetting` with lowest −1 gathers evidence of non-inferiority.
 * Source: `statistics.md` 3.5. Throws `StatsError` `parameter_out_of_range`.
 */
export function toleratedDifference({ canary, baseline }: Share, tolerated: ToleratedDifference): number {
  const { cap, relative, absolute, worse } = tolerated;
  if (!(cap > 0 && cap < Infinity && relative >= 0 && relative <= 1e6 && absolute >= 0 && absolute <= cap)) {
    throw outOfRange(`a cap of ${cap} and margins of ${relative} and ${absolute}`, "a positive cap and margins from 0");
  }
  const odd = [canary, ...baseline].find((value) => !(value >= 0));
  if (odd !== undefined) throw outOfRange(`a value of ${odd}`, "values from 0 up");
  const own = Math.min(canary, cap);
  const mean = meanOf(baseline.map((value) => Math.min(value, cap)));
  return worse === "higher"
    ? ((1 + relative) * mean + absolute - own) / cap
    : (own - Math.max(0, 1 - relative) * mean + absolute) / cap;
}

function outOfRange(found: string, expected: string): StatsError {
  return new StatsError({
    code: "parameter_out_of_range",
    message: `found ${found}, expected ${expected}`,
    hint: "map a score such as −1..1 to 0..1 first",
  });
}
