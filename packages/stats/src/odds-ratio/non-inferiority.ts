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
  const marginIndex = nearestPoint(grid.logOdds, margin);
  const atBets = grid.nonInferiorityPoints.filter((point) => point < marginIndex);
  return atBets.length === 0 ? 0 : logMeanAt(atBets, logLikelihood) - (logLikelihood[marginIndex] ?? 0);
}

/**
 * OR_U: the smallest odds ratio m of the grid such that every grid point from m up is rejected at `alpha`; null when not
 * even the largest is. Anytime-valid: P(the true odds ratio ever lies at or above OR_U) ≤ alpha.
 * Source: `statistics.md` 3.9.2.
 */
export function upperOddsRatio(grid: OddsGrid, logLikelihood: readonly number[], alpha: number): number | null {
  const threshold = Math.log(1 / alpha);
  let bets = grid.nonInferiorityPoints;
  let logMean = logMeanAt(bets, logLikelihood);
  let lowestRejected: number | null = null;
  for (let i = grid.logOdds.length - 1; i >= 0; i -= 1) {
    // The mean over the bets below a point changes only at the bets.
    if ((bets.at(-1) ?? -1) >= i) {
      bets = bets.slice(0, -1);
      logMean = logMeanAt(bets, logLikelihood);
    }
    const logE = bets.length === 0 ? 0 : logMean - (logLikelihood[i] ?? 0);
    if (logE < threshold) break;
    lowestRejected = i;
  }
  return lowestRejected === null ? null : Math.exp(grid.logOdds[lowestRejected] ?? 0);
}

/** ln of the mean likelihood ratio over the bets. */
function logMeanAt(bets: readonly number[], logLikelihood: readonly number[]): number {
  return logSumExp(bets.map((point) => logLikelihood[point] ?? 0)) - Math.log(bets.length);
}
