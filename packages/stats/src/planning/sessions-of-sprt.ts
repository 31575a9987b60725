import { evidencePerSession, type PlannedRates } from "./evidence-per-session.ts";

/** The conditional test pays this much over one that knows the baseline's rate (`statistics.md` 1, floor of its class). */
const PRICE_OF_CONDITIONING = 1.1;
/** Growth below this is what remains of a difference of equal numbers. */
const ROUNDING = 1e-12;

/** True rates, and ln of the odds ratio that the test is designed for. */
export type DesignedRates = PlannedRates & { readonly logOddsRatio: number };

/**
 * About how many canary sessions until a sequential probability ratio test reaches LLR = `logEvidence` and rejects:
 * 1.1 · ln(1/α) / (g(0) − g(ln OR₁)), g as in `evidencePerSession`, since LLR grows by what speaks against "no difference"
 * less what speaks against the design. Infinity when the truth lies nearer to no difference than to the design: the test then
 * drifts away, and what it finds it finds by luck. Source: Wald's approximation; `statistics.md` 3.3.
 */
export function sessionsToReject(rates: DesignedRates, logEvidence: number): number {
  return sessionsAt(growthOf(rates), logEvidence);
}

/** The same until LLR has fallen to −`logEvidence`, and "as bad as designed for, or worse" is excluded. */
export function sessionsToAccept(rates: DesignedRates, logEvidence: number): number {
  return sessionsAt(-growthOf(rates), logEvidence);
}

/** Mean of the log-likelihood ratio of the design that one canary session brings; below 0 where the truth is better. */
function growthOf({ logOddsRatio, ...rates }: DesignedRates): number {
  return evidencePerSession(rates, 0) - evidencePerSession(rates, logOddsRatio);
}

function sessionsAt(growth: number, logEvidence: number): number {
  if (logEvidence <= 0) return 0;
  return growth < ROUNDING ? Infinity : (PRICE_OF_CONDITIONING * logEvidence) / growth;
}
