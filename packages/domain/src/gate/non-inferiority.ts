import { logEvidenceBelowMargin, logEvidenceRateBelow, upperOddsRatio } from "@perch/stats";
import type { AbsoluteEvidence } from "./absolute-evidence.ts";
import { sinceReference, type CountEvidence } from "./count-evidence.ts";
import { asksForNonInferiority, ladderLevel, ladderRate, MEAN_LEVELS } from "./ladder.ts";
import type { LandmarkEvidence } from "./landmark-evidence.ts";
import type { Learnt } from "./learnt.ts";
import type { MeanEvidence } from "./mean-evidence.ts";
import type { QuantileEvidence } from "./quantile-evidence.ts";
import type { StructureEvidence } from "./structure-evidence.ts";
import type { GateReport } from "./verdict.ts";

/** α_NI = 5 % for each gate; no correction, because promotion needs all of them (`statistics.md` 3.9.4). */
const ALPHA = 0.05;
const ACCEPT_AT_LOG_E = -Math.log(ALPHA);
/** The level is a grid point, reached through exp and ln. */
const ROUNDING = 1e-9;
/** Compared canary sessions from which "no difference was found" says something about tool use. */
export const MIN_STRUCTURE_SESSIONS = 100;

export type NonInferiority = GateReport["nonInferiority"];

/**
 * Whether the evidence since the reference was frozen excludes "worse than the margin", or the ladder's wider level when
 * steps follow. Evidence of all steps counts together; that the *step* is fine is what its clean windows are for.
 */
export function judgeNonInferiority(learnt: Learnt, stepsAfter: number): NonInferiority {
  switch (learnt.kind) {
    case "counts":
      return ofCounts(learnt, stepsAfter);
    case "segments":
      return ofCounts(learnt.total, stepsAfter);
    case "landmark":
      return ofLandmark(learnt, stepsAfter);
    case "mean":
      return ofMean(learnt, stepsAfter);
    case "quantile":
      return ofQuantile(learnt, stepsAfter);
    case "structure":
      return ofStructure(learnt, stepsAfter);
    case "absolute":
      return ofAbsolute(learnt, stepsAfter);
  }
}

function ofCounts(evidence: CountEvidence, stepsAfter: number): NonInferiority {
  const { reference } = evidence;
  if (reference === null) return unfrozen(stepsAfter);
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
export function evidenceBelow(evidence: CountEvidence, level: number): number {
  const { totals, logLikelihood } = sinceReference(evidence);
  return evidence.reference?.method === "rate"
    ? logEvidenceRateBelow(totals.canarySessions, totals.canaryBad, level)
    : logEvidenceBelowMargin(evidence.grid, logLikelihood, level);
}

/** Both views have to be non-inferior; what is told is the one that is not yet. */
function ofLandmark({ ended, atAge }: LandmarkEvidence, stepsAfter: number): NonInferiority {
  const ofEnded = ofCounts(ended, stepsAfter);
  return ofEnded.isMet ? ofCounts(atAge, stepsAfter) : ofEnded;
}

function ofMean({ cap, nonInferior, gate }: MeanEvidence, stepsAfter: number): NonInferiority {
  if (cap === null) return unfrozen(stepsAfter);
  const margin = "relative" in gate.margin ? gate.margin.relative : gate.margin.absolute;
  const asks = asksForNonInferiority(stepsAfter);
  const logE = nonInferior[0]?.logE ?? 0;
  // The peak decides, as for harm: what was shown at one look stays shown.
  const shown = nonInferior[asks ? stepsAfter : 0]?.peakLogE ?? 0;
  return {
    ...UNFROZEN,
    method: "mean",
    level: asks ? margin * (MEAN_LEVELS[stepsAfter] ?? 1) : null,
    logE,
    isMet: !asks || shown >= ACCEPT_AT_LOG_E,
  };
}

function ofQuantile({ thresholds, nonInferior }: QuantileEvidence, stepsAfter: number): NonInferiority {
  if (thresholds === null) return unfrozen(stepsAfter);
  return { ...ofCounts(nonInferior, stepsAfter), method: "exceedance" };
}

/** There is no margin of structure: enough sessions without a difference are all that can be asked. */
function ofStructure({ features, sessions }: StructureEvidence, stepsAfter: number): NonInferiority {
  if (features === null) return unfrozen(stepsAfter);
  const asks = asksForNonInferiority(stepsAfter);
  return {
    ...UNFROZEN,
    method: "sessions",
    level: asks ? MIN_STRUCTURE_SESSIONS : null,
    isMet: !asks || sessions.canary >= MIN_STRUCTURE_SESSIONS,
  };
}

function ofAbsolute({ bound, totals }: AbsoluteEvidence, stepsAfter: number): NonInferiority {
  const level = asksForNonInferiority(stepsAfter) ? ladderRate(bound, stepsAfter) : null;
  const below = (rate: number): number => logEvidenceRateBelow(totals.canarySessions, totals.canaryBad, rate);
  return {
    ...UNFROZEN,
    method: "rate",
    level,
    logE: below(bound),
    isMet: level === null || below(level) >= ACCEPT_AT_LOG_E,
  };
}

const UNFROZEN = {
  referenceRate: null,
  method: null,
  marginOddsRatio: null,
  level: null,
  logE: 0,
  acceptAtLogE: ACCEPT_AT_LOG_E,
  upperOddsRatio: null,
} as const;

/** Without a reference there is no margin; only a step that asks for nothing may be left. */
function unfrozen(stepsAfter: number): NonInferiority {
  return { ...UNFROZEN, isMet: !asksForNonInferiority(stepsAfter) };
}
