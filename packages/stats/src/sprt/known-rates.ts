import { StatsError } from "../numeric/error.ts";

/**
 * LLR of x bad of n canary sessions when both rates are known: x ln(p₁/p₀) + (n−x) ln((1−p₁)/(1−p₀)). The oracle that
 * `calibrate` measures other tests by; in life the baseline's rate is rarely known. Source: Wald 1945.
 */
export function logLikelihoodOfKnownRates(
  { sessions, bad }: { readonly sessions: number; readonly bad: number },
  { baseline, canary }: { readonly baseline: number; readonly canary: number },
): number {
  if (!(baseline > 0 && baseline < 1 && canary > 0 && canary < 1)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found rates of ${baseline} and ${canary}, expected both strictly between 0 and 1`,
      hint: "a test between known rates needs both",
    });
  }
  return bad * Math.log(canary / baseline) + (sessions - bad) * (Math.log1p(-canary) - Math.log1p(-baseline));
}
