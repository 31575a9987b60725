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

/** The state of a sequential probability ratio test between blocks. */
export type SprtTest = {
  /** ln OR₁, what the test is designed to find. */
  readonly logOddsRatio: number;
  /** LLR = ln E now, and the largest it ever was; the latter decides. */
  readonly logE: number;
  readonly peakLogE: number;
};

/** A test that has seen nothing: E = 1. */
export function openSprt(logOddsRatio: number): SprtTest {
  return { logOddsRatio, logE: 0, peakLogE: 0 };
}

/**
 * The test after one more block, given the block's log-likelihood ratio at the designed odds ratio: LLR = L(ln OR₁).
 * H0: odds ratio ≤ 1; e^LLR is a supermartingale from 1 under it, so P(ever ≥ 1/α) ≤ α (Ville), at any looks and any stopping.
 * Unlike the mixture over odds ratios and starts it bets on one effect from the first block on. Source: `statistics.md` 3.3.
 */
export function observeSprt(test: SprtTest, logLikelihood: number): SprtTest {
  const logE = test.logE + logLikelihood;
  return { ...test, logE, peakLogE: Math.max(test.peakLogE, logE) };
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
