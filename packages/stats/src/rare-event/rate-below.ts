import { StatsError } from "../numeric/error.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";

/** Rates that the test bets on, as shares of the bound; the first stands for "it practically never happens". */
const BETS = [0.01, 0.1, 0.25, 0.5, 0.75] as const;

/**
 * ln E against "the rate of bad sessions is `bound` or more", from x bad of n sessions:
 * E = mean over q of (q/θ)^x ((1−q)/(1−θ))^(n−x), for bound θ and rates q = 1, 10, 25, 50, 75 % of it.
 *
 * For metrics so rare that two arms hardly ever disagree: with nobody bad the conditional test of the odds ratio has no
 * information, while n sessions without a bad one do bound the rate. Valid whenever each session is bad with probability
 * ≥ θ given the past: one factor's expectation p·q/θ + (1−p)(1−q)/(1−θ) is 1 at p = θ and falls in p, so E is a
 * supermartingale from 1 and P(E ever ≥ 1/α) ≤ α at any looks and any stopping. It looks at the canary only, so it is a
 * claim about the absolute rate. Source: Wald's sequential probability ratio with a mixture of alternatives
 * (Robbins 1970); Ville 1939.
 */
export function logEvidenceRateBelow(sessions: number, bad: number, bound: number): number {
  if (!(bound > 0 && bound < 1) || !(bad >= 0 && bad <= sessions)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found ${bad} bad of ${sessions} sessions against a bound of ${bound}, expected bad ≤ sessions and 0 < bound < 1`,
      hint: "a margin of 4 percentage points is 0.04",
    });
  }
  const terms = BETS.map(
    (share) => bad * Math.log(share) + (sessions - bad) * (Math.log1p(-share * bound) - Math.log1p(-bound)),
  );
  return logSumExp(terms) - Math.log(BETS.length);
}
