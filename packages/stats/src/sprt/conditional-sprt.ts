import { logit } from "../numeric/logit.ts";

/** What a sequential probability ratio test says: the canary is as bad as designed for, it is as good as today, or neither. */
export type SprtDecision = "reject" | "accept" | "continue";

/**
 * ln of the odds ratio that a test is designed to find: a rise of the bad rate from `rate` by `mde`, an absolute difference.
 * Source: `statistics.md` 3.3.
 */
export function designLogOdds(rate: number, mde: number): number {
  return logit(rate + mde) - logit(rate);
}

/**
 * Wald's decision from LLR = L(ln OR₁), the sum of block log-likelihood ratios at the designed odds ratio: reject at
 * ln(1/α), accept at ln(β/(1−α)). P(ever reject) ≤ α when nothing differs, by Ville; accepting is right up to about β.
 * Fastest when the truth is near the design, poor away from it. Source: Wald 1945; `statistics.md` 3.3.
 */
export function sprtDecision(llr: number, errors: { readonly alpha: number; readonly beta: number }): SprtDecision {
  if (llr >= -Math.log(errors.alpha)) return "reject";
  return llr <= Math.log(errors.beta) - Math.log1p(-errors.alpha) ? "accept" : "continue";
}
