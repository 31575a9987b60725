import { logSumExp } from "../numeric/log-sum-exp.ts";

/** A part of a gate's money, and by how much ln of it grows with each canary session on average. */
export type PlannedBet = { readonly share: number; readonly growth: number };

const HALVINGS = 60;
/** Growth below this is what remains of a difference of equal numbers. */
const ROUNDING = 1e-12;

/**
 * About how many canary sessions n until bets together are worth e^`logEvidence`: the root of ln Σ_i share_i e^(n g_i), by
 * bisection below the n at which the quickest bet alone would be worth it. Infinity when no bet grows. A plan, not a bound: it
 * puts the growth of the mean where each run has its own. Source: Wald's approximation, for each bet of a mixture.
 */
export function sessionsToWealth(bets: readonly PlannedBet[], logEvidence: number): number {
  if (logEvidence <= 0) return 0;
  let high = Infinity;
  for (const { share, growth } of bets) {
    if (share > 0 && growth > ROUNDING) high = Math.min(high, (logEvidence - Math.log(share)) / growth);
  }
  if (high === Infinity) return Infinity;
  const isWorth = (n: number): boolean =>
    logSumExp(bets.map(({ share, growth }) => Math.log(share) + n * growth)) >= logEvidence;
  let low = 0;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (isWorth(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The same bets with only a part of the money. */
export function withShare(bets: readonly PlannedBet[], part: number): readonly PlannedBet[] {
  return bets.map(({ share, growth }) => ({ share: share * part, growth }));
}
