import { StatsError } from "../numeric/error.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";

/** Pairs of the same session served by both arms in which exactly one was bad. */
export type DiscordantPairs = { readonly onlyCanaryBad: number; readonly onlyBaselineBad: number };

const ODDS = [1.2, 1.5, 2, 3, 5, 10, 30] as const;

/**
 * ln E against "of pairs in which one arm was bad, at most half were the canary's": the mean over odds ψ of
 * (2ψ/(1+ψ))^c (2/(1+ψ))^b. Pairs in which both or neither were bad say nothing. Each pair is its own control, so the
 * sessions' difficulty cancels. P(E ever ≥ 1/α) ≤ α at any looks. Source: McNemar 1947, made sequential by a mixture
 * (Robbins 1970).
 */
export function logEvidenceOfDiscordance({ onlyCanaryBad, onlyBaselineBad }: DiscordantPairs): number {
  if (!(Number.isSafeInteger(onlyCanaryBad) && Number.isSafeInteger(onlyBaselineBad))) throw impossible();
  if (onlyCanaryBad < 0 || onlyBaselineBad < 0) throw impossible();
  const terms = ODDS.map(
    (odds) => onlyCanaryBad * Math.log((2 * odds) / (1 + odds)) + onlyBaselineBad * Math.log(2 / (1 + odds)),
  );
  return logSumExp(terms) - Math.log(ODDS.length);

  function impossible(): StatsError {
    return new StatsError({
      code: "counts_impossible",
      message: `found ${onlyCanaryBad} and ${onlyBaselineBad} pairs, expected whole numbers from 0`,
      hint: "count each pair once",
    });
  }
}
