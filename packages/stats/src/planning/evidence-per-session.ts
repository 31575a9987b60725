import { expit, logit } from "../numeric/logit.ts";

const HALVINGS = 60;

/** True rates of bad sessions that a plan assumes, and the share of sessions that goes to the canary. */
export type PlannedRates = { readonly canary: number; readonly baseline: number; readonly canaryWeight: number };

/**
 * Expected growth of ln E for each canary session, against "the odds ratio is e^m":
 * g = min over rates (q_c, q_b) with that odds ratio of KL(p_c‖q_c) + ((1−w)/w) KL(p_b‖q_b),
 * KL(p‖q) = p ln(p/q) + (1−p) ln((1−p)/(1−q)). At m = 0 both q are the pooled rate w p_c + (1−w) p_b.
 * In the minimum w (p_c − q_c) + (1−w)(p_b − q_b) = 0, found by bisection over ln odds of q_b.
 * Source: `statistics.md` 1, planning formula; theory for m ≠ 0 (large-sample growth of a likelihood ratio).
 */
export function evidencePerSession(rates: PlannedRates, logOddsRatio: number): number {
  const { canary, baseline, canaryWeight } = rates;
  if (!(canaryWeight > 0 && canaryWeight < 1)) return 0;
  const pooled = canaryWeight * canary + (1 - canaryWeight) * baseline;
  if (!(pooled > 0 && pooled < 1)) return 0;
  let low = logit(pooled) - Math.abs(logOddsRatio);
  let high = logit(pooled) + Math.abs(logOddsRatio);
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    const pooledThere = canaryWeight * expit(middle + logOddsRatio) + (1 - canaryWeight) * expit(middle);
    if (pooledThere < pooled) low = middle;
    else high = middle;
  }
  const middle = (low + high) / 2;
  const perBaselineSession = divergence(baseline, expit(middle));
  const growth =
    divergence(canary, expit(middle + logOddsRatio)) + ((1 - canaryWeight) / canaryWeight) * perBaselineSession;
  return Math.max(0, growth);
}

/** KL(p‖q) = p ln(p/q) + (1−p) ln((1−p)/(1−q)) of two rates; 0 ln 0 is 0. */
export function divergence(p: number, q: number): number {
  return share(p, q) + share(1 - p, 1 - q);
}

function share(p: number, q: number): number {
  return p === 0 ? 0 : p * Math.log(p / q);
}
