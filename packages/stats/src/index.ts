export { beliefAfter, priorAround, type ArmOutcome, type BetaBelief } from "./beta-binomial/beta-prior.ts";
export { expectedLoss, probabilityHigher } from "./beta-binomial/probability-higher.ts";

export { observeBetting, openBettingTest, type BettingTest } from "./mean/betting-test.ts";
export { logRatioInterval, type LogSample } from "./mean/log-ratio-interval.ts";
export {
  lowestDifference,
  meanDifference,
  toleratedDifference,
  type MeanComparison,
  type ToleratedDifference,
} from "./mean/mean-difference.ts";
export { shareOut, type Share } from "./mean/share-out.ts";

export { StatsError, type StatsErrorCode } from "./numeric/error.ts";
export { logChoose } from "./numeric/log-choose.ts";
export { incompleteBeta } from "./numeric/incomplete-beta.ts";
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
export { probabilityOfHarm } from "./odds-ratio/probability-of-harm.ts";
export { probabilityWorse } from "./odds-ratio/probability-worse.ts";
export {
  anytimePValue,
  observeRollbackTest,
  openRollbackTest,
  ROLLBACK_LOG_ODDS,
  type RollbackTest,
} from "./odds-ratio/rollback-test.ts";

export { logEvidenceOfDiscordance, type DiscordantPairs } from "./paired/discordant-test.ts";

export { logLatencyEvidence, type LatencyEvidence } from "./quantile/latency-evidence.ts";
export { quantileInterval, quantileOf } from "./quantile/quantile-interval.ts";
export { shiftedOrder } from "./quantile/shifted-order.ts";

export { nextWeight, worstHarm, type HarmBudget } from "./ramp/harm-budget.ts";
export { logEvidenceRateBelow } from "./rare-event/rate-below.ts";
export { rateLogLikelihood } from "./rare-event/rate-log-likelihood.ts";
export { logEvidenceOfMismatch } from "./sample-ratio/sample-ratio.ts";

export {
  designLogOdds,
  observeSprt,
  openSprt,
  sprtDecision,
  type SprtDecision,
  type SprtTest,
} from "./sprt/conditional-sprt.ts";
export { logLikelihoodOfKnownRates } from "./sprt/known-rates.ts";
export { logSafeTwoByTwo, predictedBaselineRate } from "./sprt/safe-two-by-two.ts";

export { FEATURE_LOG_ODDS, observeFeatureTest, openFeatureTest, type FeatureTest } from "./structure/feature-test.ts";
export { discoveries, logStructuralEvidence } from "./structure/structural-evidence.ts";

export { observeLogRank, UNDECIDED_LOG_RANK, type AtRisk, type LogRankTest } from "./survival/log-rank-test.ts";

export { evidencePerSession, type PlannedRates } from "./planning/evidence-per-session.ts";
export { sessionsToAccept, sessionsToReject, type DesignedRates } from "./planning/sessions-of-sprt.ts";
export { sessionsToEvidence, sessionsToRateEvidence } from "./planning/sessions-to-evidence.ts";
export { smallestDetectable } from "./planning/smallest-detectable.ts";
export { bettingBets, featureBets, rollbackBets, type Meetings, type Observed } from "./planning/planned-bets.ts";
export { sessionsToWealth, withShare, type PlannedBet } from "./planning/wealth.ts";
