import { StatsError } from "../numeric/error.ts";

/** Beta(a, b): what was believed of a rate before, worth a + b sessions. */
export type BetaBelief = { readonly a: number; readonly b: number };

export type ArmOutcome = { readonly sessions: number; readonly bad: number };

/** Below this a belief has a spike at 0 or 1 that no history justifies. */
const LEAST_WEIGHT = 0.5;

/**
 * Beta(m p, m (1−p)) with m = `strength` sessions (100 unless said) around a historical rate p; neither weight is less
 * than ½. Source: `statistics.md` 3.4.
 */
export function priorAround(rate: number, strength = 100): BetaBelief {
  if (!(rate >= 0 && rate <= 1 && strength > 0)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found a rate of ${rate} worth ${strength} sessions, expected a rate of 0 to 1 and a positive number`,
      hint: "8 % is a rate of 0.08",
    });
  }
  return { a: Math.max(LEAST_WEIGHT, strength * rate), b: Math.max(LEAST_WEIGHT, strength * (1 - rate)) };
}

/** The belief after x bad of n sessions: Beta(a + x, b + n − x). Throws `StatsError` `counts_impossible`. */
export function beliefAfter(prior: BetaBelief, { sessions, bad }: ArmOutcome): BetaBelief {
  if (!(bad >= 0 && bad <= sessions)) {
    throw new StatsError({
      code: "counts_impossible",
      message: `found ${bad} bad of ${sessions} sessions, expected bad ≤ sessions`,
      hint: "count each session once, and only those that were scored",
    });
  }
  return { a: prior.a + bad, b: prior.b + sessions - bad };
}
