import { StatsError } from "../numeric/error.ts";

/**
 * ln of the likelihood ratio of each odds ratio o against `bound`, for x bad of n sessions: the rate bet on is
 * q = oθ/(1 − θ + oθ), and ℓ = x ln(q/θ) + (n − x) ln((1 − q)/(1 − θ)).
 *
 * For o > 1 its exponential is a supermartingale step wherever each session is bad with probability ≤ θ given the past, since
 * the expectation p·q/θ + (1−p)(1−q)/(1−θ) grows in p and is 1 at θ: `observeRollbackTest` fed with it tests H0 "the rate is
 * at most θ", with no other arm beside. Source: Wald 1945; `statistics.md` 3.1 for the mixture.
 */
export function rateLogLikelihood(
  { sessions, bad }: { readonly sessions: number; readonly bad: number },
  bound: number,
  logOdds: readonly number[],
): readonly number[] {
  if (!(bound > 0 && bound < 1) || !(bad >= 0 && bad <= sessions)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found ${bad} bad of ${sessions} sessions against a bound of ${bound}, expected bad ≤ sessions and 0 < bound < 1`,
      hint: "a bound of 12 % is 0.12",
    });
  }
  // q/θ = o/(1 − θ + oθ) and (1 − q)/(1 − θ) = 1/(1 − θ + oθ).
  return logOdds.map((delta) => bad * delta - sessions * Math.log1p(bound * Math.expm1(delta)));
}
