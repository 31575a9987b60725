import { divergence, evidencePerSession, type PlannedRates } from "./evidence-per-session.ts";

/** A mixture over odds ratios pays about this much over a test that knows the true one. */
const PRICE_OF_MIXTURE = 1.35;
const SMALL_PLAN = 60;
const EXTRA_FOR_SMALL_PLAN = 4;
/** Growth below this is what remains of a difference of equal numbers. */
const ROUNDING = 1e-12;

/**
 * About how many canary sessions it takes until ln E reaches `logEvidence` against the odds ratio e^m:
 * 1.35 · ln(1/α) / g, and 4 more below 60. Within about 12 % of the simulated means. Infinity when no evidence can grow.
 * Source: `statistics.md` 1, planning formula.
 */
export function sessionsToEvidence(rates: PlannedRates, logOddsRatio: number, logEvidence: number): number {
  return sessionsAt(evidencePerSession(rates, logOddsRatio), logEvidence);
}

/**
 * The same against "the rate of bad sessions is `bound` or more" when it is really `rate`: each canary session then adds
 * KL(rate ‖ bound) on average. The baseline plays no part. Source: Wald's approximation.
 */
export function sessionsToRateEvidence(rate: number, bound: number, logEvidence: number): number {
  return sessionsAt(divergence(rate, bound), logEvidence);
}

function sessionsAt(growth: number, logEvidence: number): number {
  if (logEvidence <= 0) return 0;
  if (growth < ROUNDING) return Infinity;
  const sessions = (PRICE_OF_MIXTURE * logEvidence) / growth;
  return sessions < SMALL_PLAN ? sessions + EXTRA_FOR_SMALL_PLAN : sessions;
}
