import { StatsError } from "../numeric/error.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";

/** Shares of the wealth that are bet on each observation. */
export const STAKES = [0.05, 0.12, 0.25, 0.4, 0.6, 0.8] as const;

/** The state of a test between observations. */
export type BettingTest = {
  /** Observations are never below this; −1 or less. */
  readonly lowest: number;
  readonly observations: number;
  /** ln of the wealth of each stake. */
  readonly logWealth: readonly number[];
  /** ln E now, and the largest it ever was; the latter decides. */
  readonly logE: number;
  readonly peakLogE: number;
};

/** A test that has seen nothing: E = 1. Stakes that one observation of `lowest` would ruin are left out. */
export function openBettingTest(lowest: number): BettingTest {
  if (!(lowest <= -1 && lowest > -1 / STAKES[0])) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found a lowest observation of ${lowest}, expected −1 or less, and more than ${-1 / STAKES[0]}`,
      hint: "with a relative margin ρ the lowest observation is −(1 + ρ)",
    });
  }
  return { lowest, observations: 0, logWealth: stakesFor(lowest).map(() => 0), logE: 0, peakLogE: 0 };
}

/**
 * The test after one more observation x: W_k ← W_k (1 + λ_k x), E = mean of the W_k.
 *
 * H0: E[x | past] ≤ 0. Each factor has expectation ≤ 1 under it and is never negative because λ_k < 1/|lowest|, so E is a
 * supermartingale from 1 and P(E ever ≥ 1/α) ≤ α, at any looks and any stopping, for any distribution of x in its range.
 * Source: Waudby-Smith & Ramdas (arXiv 2010.09686); `statistics.md` 3.5. Throws `StatsError` for an x below `lowest`.
 */
export function observeBetting(test: BettingTest, x: number): BettingTest {
  if (!(x >= test.lowest - 1e-12 && x < Infinity)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found an observation of ${x}, expected a number from ${test.lowest}`,
      hint: "cap values before they are compared",
    });
  }
  const logWealth = stakesFor(test.lowest).map((stake, k) => (test.logWealth[k] ?? 0) + Math.log1p(stake * x));
  const logE = logSumExp(logWealth) - Math.log(logWealth.length);
  return {
    lowest: test.lowest,
    observations: test.observations + 1,
    logWealth,
    logE,
    peakLogE: Math.max(test.peakLogE, logE),
  };
}

function stakesFor(lowest: number): readonly number[] {
  return STAKES.filter((stake) => stake < -1 / lowest);
}
