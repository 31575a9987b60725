import { logEvidenceBelowMargin, logEvidenceRateBelow, upperOddsRatio } from "@perch/stats";
import type { GateEvidence, StepEvidence } from "./gate-evidence.ts";
import { asksForNonInferiority, ladderLevel } from "./ladder.ts";
import type { GateReport } from "./verdict.ts";

/** α_NI = 5 % for each gate; no correction, because promotion needs all of them (`statistics.md` 3.9.4). */
const ALPHA = 0.05;
export const ACCEPT_AT_LOG_E = -Math.log(ALPHA);
/** The level is a grid point, reached through exp and ln. */
const ROUNDING = 1e-9;

export type NonInferiority = GateReport["nonInferiority"];

/** Whether the gate's evidence of this step excludes "worse than the margin", or the ladder's wider level before the end. */
export function judgeNonInferiority(evidence: GateEvidence, step: StepEvidence, stepsAfter: number): NonInferiority {
  const { reference } = evidence;
  if (reference === null) return unreferenced(stepsAfter);
  const level = ladderLevel(reference, stepsAfter);
  const shared = { referenceRate: reference.rate, method: reference.method, acceptAtLogE: ACCEPT_AT_LOG_E };
  if (reference.method === "rate") {
    const { canarySessions, canaryBad } = step.counts;
    const excludes = (rate: number) => logEvidenceRateBelow(canarySessions, canaryBad, rate);
    return {
      ...shared,
      marginOddsRatio: null,
      level,
      logE: excludes(reference.marginRate),
      upperOddsRatio: null,
      isMet: level === null || excludes(level) >= ACCEPT_AT_LOG_E,
    };
  }
  const upper = upperOddsRatio(evidence.grid, step.logLikelihood, ALPHA);
  return {
    ...shared,
    marginOddsRatio: Math.exp(reference.marginLogOdds),
    level: level === null ? null : Math.exp(level),
    logE: logEvidenceBelowMargin(evidence.grid, step.logLikelihood, reference.marginLogOdds),
    upperOddsRatio: upper,
    isMet: level === null || (upper !== null && Math.log(upper) <= level + ROUNDING),
  };
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
