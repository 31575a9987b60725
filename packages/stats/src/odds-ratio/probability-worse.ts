import { logSumExp } from "../numeric/log-sum-exp.ts";
import type { OddsGrid } from "./odds-grid.ts";

/**
 * Posterior probability that the log odds ratio exceeds `above` (0: the canary is worse), posterior ∝ prior · e^L over the
 * grid. For people to read, never for the decision: it is not protected against looking often. Source: `statistics.md` 3.2.
 */
export function probabilityWorse(grid: OddsGrid, logLikelihood: readonly number[], above = 0): number {
  const posterior = grid.logPrior.map((prior, i) => prior + (logLikelihood[i] ?? 0));
  const worse = posterior.filter((_, i) => (grid.logOdds[i] ?? 0) > above);
  // Half of a point that is exactly `above` belongs to either side, as for a density.
  const level = posterior.filter((_, i) => grid.logOdds[i] === above).map((weight) => weight - Math.LN2);
  return Math.min(1, Math.exp(logSumExp([...worse, ...level]) - logSumExp(posterior)));
}
