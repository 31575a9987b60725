export { StatsError, type StatsErrorCode } from "./numeric/error.ts";
export { logChoose } from "./numeric/log-choose.ts";
export { logGamma } from "./numeric/log-gamma.ts";
export { logSumExp } from "./numeric/log-sum-exp.ts";
export { expit, logit } from "./numeric/logit.ts";

export { isInformative, type BlockCounts } from "./odds-ratio/block-counts.ts";
export { blockLogLikelihood } from "./odds-ratio/block-log-likelihood.ts";
export {
  confidenceSequence,
  differenceAt,
  smoothedBaselineRate,
  type Interval,
} from "./odds-ratio/confidence-sequence.ts";
export { logEvidenceBelowMargin, upperOddsRatio } from "./odds-ratio/non-inferiority.ts";
export { createOddsGrid, nearestPoint, type OddsGrid } from "./odds-ratio/odds-grid.ts";
export { probabilityWorse } from "./odds-ratio/probability-worse.ts";
export {
  anytimePValue,
  observeRollbackTest,
  openRollbackTest,
  ROLLBACK_LOG_ODDS,
  type RollbackTest,
} from "./odds-ratio/rollback-test.ts";

export { logEvidenceRateBelow } from "./rare-event/rate-below.ts";
export { logEvidenceOfMismatch } from "./sample-ratio/sample-ratio.ts";

export { evidencePerSession, type PlannedRates } from "./planning/evidence-per-session.ts";
export { sessionsToEvidence, sessionsToRateEvidence } from "./planning/sessions-to-evidence.ts";
