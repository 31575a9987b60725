import { logEvidenceBelowMargin, logEvidenceRateBelow, upperOddsRatio } from "@perch/stats";
import { sinceReference, type GateEvidence } from "./gate-evidence.ts";
import { asksForNonInferiority, ladderLevel } from "./ladder.ts";
import type { GateReport } from "./verdict.ts";

/** α_NI = 5 % for each gate; no correction, because promotion needs all of them (`statistics.md` 3.9.4). */
const ALPHA = 0.05;
const ACCEPT_AT_LOG_E = -Math.log(ALPHA);
/** The level is a grid point, reached through exp and ln. */
const ROUNDING = 1e-9;

export type NonInferiority = GateReport["nonInferiority"];

/**
 * Whether the evidence since the reference was frozen excludes "worse than the margin", or the ladder's wider level when
 * steps follow. Evidence of all steps counts together; that the *step* is fine is what its clean windows are for.
 */
export function judgeNonInferiority(evidence: GateEvidence, stepsAfter: number): NonInferiority {
  const { reference } = evidence;
  if (reference === null) return unreferenced(stepsAfter);
  const level = ladderLevel(reference, stepsAfter);
  const shared = { referenceRate: reference.rate, method: reference.method, acceptAtLogE: ACCEPT_AT_LOG_E };
  if (reference.method === "rate") {
    return {
      ...shared,
      marginOddsRatio: null,
      level,
      logE: evidenceBelow(evidence, reference.marginRate),
      upperOddsRatio: null,
      isMet: level === null || evidenceBelow(evidence, level) >= ACCEPT_AT_LOG_E,
    };
  }
  const upper = upperOddsRatio(evidence.grid, sinceReference(evidence).logLikelihood, ALPHA);
  return {
    ...shared,
    marginOddsRatio: Math.exp(reference.marginLogOdds),
    level: level === null ? null : Math.exp(level),
    logE: evidenceBelow(evidence, reference.marginLogOdds),
    upperOddsRatio: upper,
    isMet: level === null || (upper !== null && Math.log(upper) <= level + ROUNDING),
  };
}

/** ln E against "as bad as `level` or worse": a log odds ratio or a rate, after the reference's method. */
export function evidenceBelow(evidence: GateEvidence, level: number): number {
  const { totals, logLikelihood } = sinceReference(evidence);
  return evidence.reference?.method === "rate"
    ? logEvidenceRateBelow(totals.canarySessions, totals.canaryBad, level)
    : logEvidenceBelowMargin(evidence.grid, logLikelihood, level);
}

/** Without a reference there is no margin; only a step that asks for nothing may be left. */
function unreferenced(stepsAfter: number): NonInferiority {
  return {
    referenceRate: null,
    method: null,
    marginOddsRatio: null,
    level: null,
    logE: 0,
    acceptAtLogE: ACCEPT_AT_LOG_E,
    upperOddsRatio: null,
    isMet: !asksForNonInferiority(stepsAfter),
  };
}
