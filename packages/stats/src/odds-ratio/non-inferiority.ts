import { logSumExp } from "../numeric/log-sum-exp.ts";
import { nearestPoint, type OddsGrid } from "./odds-grid.ts";

/**
 * ln E_NI(m), E_NI(m) = mean over the bets ν < m of exp(L(ν) − L(m)): evidence against "the odds ratio is m or more".
 *
 * Under H0 (log odds ratio ≥ m) each term is a supermartingale from 1, because the likelihood ratio falls in the canary's
 * bad sessions and those only grow stochastically with the odds ratio; so P(E ever ≥ 1/α) ≤ α. `margin` must be a point of
 * the grid and fixed before the evidence was collected. Without a bet below the margin there is no evidence: 0.
 * Source: `statistics.md` 3.9.2.
 */
export function logEvidenceBelowMargin(grid: OddsGrid, logLikelihood: readonly number[], margin: number): number {
  return evidenceBelow(grid, logLikelihood)(nearestPoint(grid.logOdds, margin));
}

/**
 * OR_U: the smallest odds ratio m of the grid such that every grid point from m up is rejected at `alpha`; null when not
 * even the largest is. Anytime-valid: P(the true odds ratio ever lies at or above OR_U) ≤ alpha.
 * Source: `statistics.md` 3.9.2.
 */
export function upperOddsRatio(grid: OddsGrid, logLikelihood: readonly number[], alpha: number): number | null {
  const threshold = Math.log(1 / alpha);
  const logEvidenceAt = evidenceBelow(grid, logLikelihood);
  let lowestRejected: number | null = null;
  for (let i = grid.logOdds.length - 1; i >= 0; i -= 1) {
    if (logEvidenceAt(i) < threshold) break;
    lowestRejected = grid.logOdds[i] ?? null;
  }
  return lowestRejected === null ? null : Math.exp(lowestRejected);
}

/** ln E_NI at a grid point. The mean over the bets below it changes only at the bets, so it is worked out once for each. */
function evidenceBelow(grid: OddsGrid, logLikelihood: readonly number[]): (marginIndex: number) => number {
  const points = grid.nonInferiorityPoints;
  const atBets = points.map((point) => logLikelihood[point] ?? 0);
  const meanOfLowest = points.map((_, i) => logSumExp(atBets.slice(0, i + 1)) - Math.log(i + 1));
  return (marginIndex) => {
    const betsBelow = points.filter((point) => point < marginIndex).length;
    const mean = meanOfLowest[betsBelow - 1];
    return mean === undefined ? 0 : mean - (logLikelihood[marginIndex] ?? 0);
  };
}
