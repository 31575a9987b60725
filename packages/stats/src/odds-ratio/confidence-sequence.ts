import { expit, logit } from "../numeric/logit.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";
import type { BlockCounts } from "./block-counts.ts";
import type { OddsGrid } from "./odds-grid.ts";

export type Interval = { readonly low: number; readonly high: number };

/**
 * The (1 − α) confidence sequence of the log odds ratio: grid points δ with ln Σ q e^L − L(δ) < ln(1/α), as their
 * smallest and largest. By Ville's inequality it covers the true value at all times together, so it is safe to stare at.
 * Points at the grid's ends mean "at most 0.2" and "at least 30". Source: `statistics.md` 3.2.
 */
export function confidenceSequence(grid: OddsGrid, logLikelihood: readonly number[], alpha: number): Interval {
  const logMixture = logSumExp(grid.logPrior.map((prior, i) => prior + (logLikelihood[i] ?? 0)));
  const furthest = logMixture - Math.log(1 / alpha);
  const inside = grid.logOdds.filter((_, i) => (logLikelihood[i] ?? 0) > furthest);
  // The mixture never exceeds the best point, so at least that one is inside.
  return { low: inside[0] ?? 0, high: inside.at(-1) ?? 0 };
}

/**
 * A log odds ratio as an absolute difference of bad rates, canary minus baseline, at the baseline's smoothed rate
 * (x_b + 0.8)/(n_b + 10): expit(logit p̂_b + δ) − p̂_b. Source: `statistics.md` 3.2.
 */
export function differenceAt(logOddsRatio: number, counts: BlockCounts): number {
  const baselineRate = smoothedBaselineRate(counts);
  return expit(logit(baselineRate) + logOddsRatio) - baselineRate;
}

/** (x_b + 0.8)/(n_b + 10): never 0 or 1, so that its log odds exist. */
export function smoothedBaselineRate(counts: BlockCounts): number {
  return (counts.baselineBad + 0.8) / (counts.baselineSessions + 10);
}
