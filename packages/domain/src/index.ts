export { digestOf, parseDigest, type Digest } from "./release/digest.ts";
export { ReleaseError, type ReleaseErrorCode, type ReleaseProblem } from "./release/error.ts";
export {
  CURRENT_POINTER,
  formatReleaseReference,
  isSemanticVersion,
  parsePointerName,
  parseReleaseName,
  parseReleaseReference,
  type PointerName,
  type ReleaseName,
  type ReleasePointer,
  type ReleaseReference,
} from "./release/reference.ts";
export type { AdmittedRelease, ReleaseSource } from "./release/release-source.ts";
export { EMPTY_POLICY, type ReleasePolicy } from "./release/policy.ts";
export { canonicalJson, canonicalJsonBytes, type JsonValue } from "./release/canonical-json.ts";
export { agentSpecJsonSchema, checkAgentSpec, type AgentSpec, type CheckedAgentSpec } from "./release/agent-spec.ts";
export {
  fileReferences,
  orchestrationDirectory,
  translatorFile,
  type FileReference,
  type FileRole,
} from "./release/file-references.ts";
export { checkSpecFiles } from "./release/check-spec-files.ts";
export { isSecretAllowed, secretAllowances, type SecretAllowance } from "./release/secret-allowance.ts";
export { findSecretsInText, secretFile } from "./release/secrets-in-text.ts";
export { findSecrets, looksSecret, quoteName } from "./release/secrets.ts";
export { readStrictJson, type StrictJson } from "./release/strict-json.ts";
export { numberFlaw } from "./release/json-number.ts";
export type { PlacedProblem, TextPlace } from "./release/text-place.ts";
export { RELEASE_LIMITS } from "./release/limits.ts";
export { isInVersionRange, parseVersionRange, type VersionRange } from "./release/version-range.ts";
export type { SpecProblem } from "./release/spec-problem.ts";
export { isPathInside } from "./release/path-inside.ts";
export { buildRelease, type BuildOutcome, type BuiltRelease, type ReleaseInput } from "./release/build-release.ts";
export {
  componentLabel,
  componentPath,
  parseReleaseManifest,
  parseReleasePolicy,
  type Component,
  type ReleaseManifest,
} from "./release/release-manifest.ts";
export {
  EMPTY_CONFIG,
  parseOciIndex,
  parseOciManifest,
  referrerOciManifest,
  releaseOciManifest,
  type Descriptor,
  type OciIndex,
  type OciManifest,
} from "./release/oci-manifest.ts";
export {
  COMPONENT_TYPE,
  OCI_EMPTY_TYPE,
  OCI_MANIFEST_TYPE,
  RELEASE_ARTIFACT_TYPE,
  RELEASE_MANIFEST_TYPE,
} from "./release/media-types.ts";
export type {
  ExpectedBytes,
  ReleaseEntry,
  ReleaseRegistry,
  ReleaseRepository,
  ReleaseSelector,
} from "./release/registry.ts";
export {
  checkTrustPolicy,
  trustPolicyJsonSchema,
  type CheckedTrustPolicy,
  type TrustPolicyFile,
} from "./release/trust-policy.ts";
export {
  describeSignature,
  judgeSignature,
  judgeTrust,
  shortKeyId,
  type GoodSignature,
  type SignatureVerdict,
  type TrustedSigner,
  type TrustPolicy,
  type TrustVerdict,
} from "./release/judge-trust.ts";
export { compareVersions } from "./release/version-precedence.ts";

export {
  isSessionId,
  parseAgentName,
  parseGatewayId,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  type AgentName,
  type GatewayId,
  type MoveId,
  type RolloutId,
  type SessionId,
} from "./routing/ids.ts";
export { RoutingError, type RoutingErrorCode } from "./routing/error.ts";
export {
  compareRevisions,
  type AgentRoute,
  type CanaryRoute,
  type MirrorCaps,
  type MirrorRoute,
  type ReleaseRoute,
  type Revision,
  type RoutingTable,
} from "./routing/routing-table.ts";
export type { JwtPlace, SessionExtractor, SessionLearner, SimpleExtractor } from "./routing/session-rules.ts";
export {
  DEFAULT_EXTRACTORS,
  DEFAULT_LEARNERS,
  parseSessionExtractors,
  parseSessionLearners,
} from "./routing/parse-session-rules.ts";
export {
  cookiesOf,
  extractSession,
  looksIntoBody,
  looksIntoFrame,
  type RequestParts,
} from "./routing/extract-session.ts";
export { createLearner, prepareLearners, type Learner, type LearnerRules } from "./routing/create-learner.ts";
export { parsePinSecrets, type PinSecrets } from "./routing/pin-secrets.ts";
export { readSignedPin, signPin, type SignedPinReading } from "./routing/signed-pin.ts";
export { LONGEST_OVERRIDE_MS, mintOverride, readOverride, type Override } from "./routing/override-token.ts";
export type { RequestHead } from "./routing/request-head.ts";
export { armOf, assign, bucketOf, BUCKETS, type Arm, type Assignment } from "./routing/assign.ts";
export { placeByOverride, placeSession, type Candidate, type FirstContact } from "./routing/place-session.ts";
export {
  classifierId,
  type Classifier,
  type ClassifierRule,
  type HttpClassifier,
  type IntentStrategy,
  type RuleCondition,
  type Strategy,
} from "./routing/strategy.ts";
export {
  intentOf,
  UNSURE,
  targetingSchema,
  type IntentTargeting,
  type Targeting,
  type Unsure,
} from "./routing/targeting.ts";
export { judgeIntent, type Classification } from "./routing/classification.ts";
export { prepareRules, type PreparedRules, type Utterance } from "./routing/classify-by-rules.ts";
export { checkIntentPattern, isIntent } from "./routing/intent-pattern.ts";
export { findUser } from "./routing/find-user.ts";
export { formatExtractor } from "./routing/format-extractor.ts";
export { userText } from "./routing/user-text.ts";
export {
  LONGEST_ALIAS_CHAIN,
  type Alias,
  type LivePin,
  type MarkedSession,
  type MoveOutcome,
  type MoveWish,
  type Pin,
  type PinPage,
  type PinStore,
  type TurnMark,
} from "./routing/pin-store.ts";
export {
  moveOf,
  movePin,
  moveRecordOf,
  outranks,
  timesMoved,
  type BoundaryReached,
  type MoveBoundary,
  type MoveMode,
  type MovePhase,
  type MoveRecord,
  type PinMove,
  type RouteMove,
} from "./routing/move.ts";
export { explainPin } from "./routing/explain-pin.ts";
export { findInJson, replaceInJson, type FoundInJson } from "./routing/find-in-json.ts";
export type { GatewayRecord, KeptTurns, TurnOutbox } from "./routing/turn-outbox.ts";
export { isFailedTurn, TASK_STATES, type TaskState, type TurnFault, type TurnRecord } from "./routing/turn-record.ts";
export type { ShadowOutcome, ShadowReason, ShadowTurn } from "./routing/shadow-turn.ts";

export {
  DIALECTS,
  SPAN_KINDS,
  type Attribution,
  type Dialect,
  type Span,
  type SpanKind,
  type TokenUsage,
  type ToolCall,
} from "./telemetry/span.ts";
export type { Score } from "./telemetry/score.ts";
export { joinScores, settleScores, type SettledScores } from "./telemetry/settle-scores.ts";
export { formatSessionKey, type SessionKey } from "./telemetry/session-key.ts";
export type { MaturedSession, SessionEvidence } from "./telemetry/session.ts";
export { NO_MEASURES, type Outcome, type SessionMeasures, type ToolMeasures } from "./telemetry/session-measures.ts";
export type { CohortMember } from "./telemetry/cohort-member.ts";
export type { SignsOfLife, SignsOfLifeQuery } from "./telemetry/signs-of-life.ts";
export type { CohortSource, OpenSession, ScoreBatchClaim, TraceStore } from "./telemetry/trace-store.ts";
export { numbersAfter } from "./telemetry/term-numbers.ts";
export type { PairEvidence, PairPlace, PairSource } from "./telemetry/pair-source.ts";
export { judgePair, type Pair, type PairSide } from "./telemetry/judge-pair.ts";
export type {
  ListedSession,
  RecordedSession,
  ReleaseActivity,
  SessionCursor,
  SessionQuery,
  SessionState,
  SettledSession,
} from "./telemetry/recorded-session.ts";
export type { ArmSummary, MovedQuery, ReleaseTraffic, SessionSource } from "./telemetry/session-source.ts";
export {
  SPREAD_MEASURES,
  type ExplorerSource,
  type Spread,
  type SpreadMeasure,
  type ToolTransition,
  type UnjoinedSpans,
  type UnpricedModel,
} from "./telemetry/explorer-source.ts";
export { attributedIn, type Attributed, type Misattributed } from "./telemetry/misattributed.ts";
export { spansByTurn, spansNaming, type SessionNaming } from "./telemetry/spans-by-turn.ts";
export { sessionPath, stepsOf, type PathStep, type PathTurn } from "./telemetry/session-path.ts";
export type { SentimentScorer } from "./telemetry/sentiment-scorer.ts";
export type { Attributes, AttributeValue, RawEvent, RawSpan } from "./telemetry/raw-span.ts";
export { countAttribute, textAttribute } from "./telemetry/raw-span.ts";
export { readSpan } from "./telemetry/read-span.ts";
export type { SpanRole } from "./telemetry/place-spans.ts";
export { resolveTrace, type ResolvedSpan, type ResolvedTrace } from "./telemetry/resolve-trace.ts";
export type { ArgumentSchemas, DeclaredTool, ReleaseFacts, ReleaseFactsSource } from "./telemetry/release-facts.ts";
export { ESCALATION_SCORE } from "./telemetry/judge-escalation.ts";
export { readContent, type SpanContent } from "./telemetry/span-content.ts";
export { createPriceList, type ModelName, type PriceList } from "./telemetry/price-list.ts";
export {
  priceTableJsonSchema,
  readPriceTable,
  type PriceTable,
  type PriceTableReading,
} from "./telemetry/price-table.ts";
export { readToolArguments } from "./telemetry/tool-arguments.ts";
export type { RawLog } from "./telemetry/raw-log.ts";
export { readAnnotations } from "./telemetry/read-annotations.ts";
export { readSaid } from "./telemetry/read-said.ts";
export { readEvaluation, type EvaluationReading } from "./telemetry/read-evaluation.ts";
export { assembleSession, type AssemblyContext } from "./telemetry/assemble-session.ts";
export { TelemetryError, type TelemetryErrorCode } from "./telemetry/error.ts";

export type { GivenScore, Scorer, ScorerAnswer, ScorerIdentity, ScorerSubject, SubjectTurn } from "./scoring/scorer.ts";
export { isSampled } from "./scoring/sampling.ts";
export { exhausted, type Budget, type Spent } from "./scoring/budget.ts";
export {
  afterAttempt,
  appraisalId,
  scoresOf,
  UNSCORED,
  type AfterAttempt,
  type AttemptLimits,
  type Appraisal,
  type Unscored,
} from "./scoring/appraisal.ts";
export type { AppraisalState, AppraisalStore, SpokenWords } from "./scoring/appraisal-store.ts";
export { readSpokenWords } from "./scoring/read-spoken-words.ts";
export { subjectOf } from "./scoring/subject-of.ts";
export {
  budgetOf,
  checkScorersFile,
  scorersJsonSchema,
  type CheckedScorersFile,
  type HttpScorerEntry,
  type ScorersFile,
} from "./scoring/scorers-file.ts";

export type {
  AbsoluteGate,
  CountGate,
  DistributionGate,
  GateSpec,
  MeanGate,
  Metric,
  QuantileGate,
  ValueMetric,
} from "./gate/gate-spec.ts";
export type { ArmCounts, AssignedSessions, Block, BlockReading, LandmarkReading } from "./gate/block.ts";
export type { GateReport, Judgement, ValuesReading, Verdict } from "./gate/verdict.ts";

export {
  isShadowOnly,
  type HarmBudgetRamp,
  type MirrorPlan,
  type PinnedSessionsPolicy,
  type PlannedStrategy,
  type ReleaseIdentity,
  type RolloutPlan,
  type RolloutStep,
  type WebhookPlan,
} from "./rollout/plan.ts";
export { CLASSIFY_PATH, classifierAtCanary, urlsOf } from "./rollout/routed-strategy.ts";
export { parseRolloutSpec, type ParsedSpec } from "./rollout/spec.ts";
export { rolloutJsonSchema } from "./rollout/spec-schema.ts";
export type { RolloutSpecProblem } from "./rollout/spec-problem.ts";
export { formatDuration, parseDurationMs } from "./rollout/duration.ts";
export { weightSince } from "./rollout/weight-since.ts";
export { advance, startRollout } from "./rollout/advance.ts";
export type {
  Announcement,
  AppliedEvent,
  Condition,
  HookAnswer,
  JudgementSummary,
  News,
  Outage,
  PauseReason,
  Phase,
  PhaseKind,
  PhaseName,
  PropagationRecord,
  Rollout,
  RolloutEvent,
  RolloutEventType,
  TimelineEntry,
  TurnCount,
} from "./rollout/rollout.ts";
export { isBeforePromotion, isOnStep, type OnStep } from "./rollout/phase-groups.ts";
export { CIRCUIT_BREAKER } from "./rollout/apply-breaker.ts";
export {
  analysisPolicy,
  breakerOf,
  promotionPolicy,
  rollbackPolicy,
  type AnalysisPolicy,
  type CircuitBreakerPlan,
  type OutageAction,
  type PromotionPolicy,
  type RollbackPolicy,
} from "./rollout/policies.ts";
export { watchAfterPromotion, type WatchAfterPromotion } from "./rollout/watch-after-promotion.ts";
export { isBakingPromotion, isJudgedAlone, isWithin, stepAfter } from "./rollout/promotion-bake.ts";
export { isStepFreeReturn } from "./rollout/step-free-return.ts";
export type { ProbeAnswer, TargetProbe } from "./rollout/target-probe.ts";
export { waitsForGateways } from "./rollout/move-to.ts";
export { excessOf, exposureOf, type Excess, type ExposurePoint } from "./report/exposure.ts";
export { whoDecided, type Say } from "./report/who-decided.ts";
export { worstFurtherHarm } from "./report/worst-further-harm.ts";
export { writeCallsOf, type WriteCall, type WriteCallSource } from "./report/write-calls.ts";
export { writeToolsOf, type WriteTool } from "./report/write-tools.ts";
export type { Forecast, ForecastInput } from "./forecast/forecast.ts";
export { knownBaseline } from "./forecast/known-baseline.ts";
export { forecastRollout } from "./forecast/forecast-rollout.ts";
export type { Channel } from "./notify/channel.ts";
export { channelHook, dueNews, type DueNews } from "./notify/due-channels.ts";
export { lateDrains } from "./notify/late-drains.ts";
export { NotifyError, type NotifyErrorCode } from "./notify/error.ts";
export { hookBody, slackBody } from "./notify/hook-body.ts";
export type { HookReply, HookRequest, HookSender } from "./notify/hook-sender.ts";
export {
  notificationJsonSchema,
  parseNotificationFile,
  type NotificationFile,
  type SecretReference,
} from "./notify/notification-file.ts";
export { deliveryId, parseWebhookSecret, signWebhook, type WebhookSecret } from "./notify/sign-webhook.ts";
export { dueHooks, recentEntries, type DueHook } from "./rollout/due-hooks.ts";
export { answerKey, CHANNEL_PREFIX, hooksBeforeStart, type HookCall, type HookMoment } from "./rollout/hooks.ts";
export { affordableStep, harmOutlook, harmRampOf, harmSteps, type HarmOutlook } from "./rollout/harm-ramp.ts";
export {
  foldEvidence,
  judgeBlock,
  judgeLandmark,
  judgeStep,
  judgeBoard,
  type Evidence,
  type EvidencePoint,
} from "./rollout/evidence.ts";
export { canaryWeightBp, isFinal, isPromoted, routedStep, wasExposed } from "./rollout/weight.ts";
export {
  advanceAgent,
  newAgent,
  pointerOf,
  type AgentEvent,
  type AgentRecord,
  type DeploymentRecord,
  type KillSwitch,
  type PointerRecord,
  type ReleaseRecord,
} from "./rollout/agent-record.ts";
export {
  isUnderWay,
  routeMoves,
  type AgentMove,
  type MoveEnding,
  type MoveEvent,
  type MoveOrder,
  type MoveStanding,
} from "./rollout/agent-move.ts";
export { killMoves } from "./rollout/kill-moves.ts";
export { DRAIN_MOVE, drainMoves } from "./rollout/drain-moves.ts";
export { deadlineOf, deletedAt, scalesDownAt } from "./rollout/advance-retirement.ts";
export { hooksAwaited, type HookAction, type Retirement, type RetirementEvent } from "./rollout/retirement.ts";
export { actionDue } from "./rollout/action-due.ts";
export {
  callOf,
  type CallAction,
  type CallStanding,
  type TransactionCall,
  type TransactionCallEvent,
} from "./rollout/transaction-calls.ts";
export { checkDrainTools, type DrainingRelease } from "./rollout/check-drain-tools.ts";
export { nextRetirement, type DrainFacts, type NextRetirement } from "./rollout/next-retirement.ts";
export { DEFAULT_BOUNDARY, wantedMove } from "./rollout/wanted-move.ts";
export {
  activeRollout,
  currentRelease,
  deriveRoute,
  isQuarantined,
  placeOf,
  releaseStatus,
  unfinishedRollouts,
  type AgentPlace,
  type ReleaseInQuestion,
  type ReleaseStatus,
  type RouteDefaults,
} from "./rollout/derive-routes.ts";
export {
  chainEntry,
  conflictOf,
  deposedBy,
  LEDGER_START,
  LedgerError,
  type Ledger,
  type LedgerEntry,
  type LedgerErrorCode,
  type NewLedgerEntry,
} from "./rollout/ledger.ts";
export type { Claim, LeadCandidate, Leader, Leadership } from "./rollout/leadership.ts";
export { findBreak, verifyChain, type Anchor, type ChainBreak, type ChainBreakKind } from "./rollout/verify-chain.ts";
export { foldRollout, formatEvent, parseAgentEvent, parseRolloutEvent } from "./rollout/ledger-form.ts";
export { badOf } from "./gate/bad-of.ts";
export { createBoard, observe, observeAtAge, type BoardInput, type GateBoard } from "./gate/board.ts";
export { closeBlocks, cutBlocks, readBlock, type CloseBlocksInput, type ClosedBlock } from "./gate/close-blocks.ts";
export { comparePairs, type PairComparison } from "./telemetry/compare-pairs.ts";
export { referenceOf, type GateReference } from "./gate/gate-reference.ts";
export { isCountGate, isReadAtAge } from "./gate/read-block.ts";
export { readLandmarks, type ReadLandmarksInput } from "./gate/read-landmarks.ts";
export { speaksOf } from "./gate/speaks-of.ts";
export { agesOf, promiseReadersOf, readersOf, type GateAge } from "./gate/readers-of.ts";
export { cutAfterPromotion } from "./gate/cut-after-promotion.ts";
export { promiseOf, type NoPromise, type PromiseTerms } from "./gate/promise.ts";
export { quantileName } from "./gate/quantile-name.ts";
export { GateError, type GateErrorCode } from "./gate/error.ts";
export { MIN_SESSIONS_TO_PROMOTE, type Decision, type JudgeInput } from "./gate/decide.ts";
export { judge } from "./gate/judge.ts";
export { splitErrorBudget, type BudgetClaim } from "./gate/split-error-budget.ts";
export type { ServerState } from "./rollout/server-state.ts";

export {
  formatTransactionKey,
  parseTransactionId,
  parseTransactionTool,
  type OpenTransaction,
  type TransactionId,
  type TransactionKey,
  type TransactionReport,
} from "./transaction/transaction.ts";
export {
  conflictOfTransactions,
  mergeReports,
  mergeTransaction,
  type KeptTransaction,
  type MergedReports,
  type TransactionConflict,
} from "./transaction/merge-reports.ts";
export type { OpenCount, OpenTransactionQuery, TransactionStore } from "./transaction/transaction-store.ts";
export { readTransaction, type SaidTransaction, type TransactionReading } from "./transaction/read-transaction.ts";

export { checkCompatibility, type MemorySchema } from "./memory/compatibility.ts";
export type { Compatibility, Finding } from "./memory/findings.ts";
export type {
  ProtoEnum,
  ProtoField,
  ProtoMessage,
  ProtoReserved,
  ProtoSchema,
  ProtoType,
} from "./memory/proto-schema.ts";
export { DEFAULT_LIMITS, diffReleases, NO_LIMITS } from "./release-diff/diff-releases.ts";
export type {
  Breaks,
  Change,
  ComponentDiff,
  ComponentKind,
  DiffLimits,
  OrderChange,
  ComparedRelease,
  ReleaseDiff,
} from "./release-diff/change.ts";
export { describeDiff, type DiffLine } from "./release-diff/describe-diff.ts";
export {
  parseModel,
  parseTool,
  protobufText,
  type ArchivedFile,
  type ComponentContent,
  type ReadProto,
  type ReleaseContent,
} from "./release-diff/release-content.ts";
export { memoryProblems } from "./release-diff/memory-goes-along.ts";
export type { ReleaseContentSource } from "./release-diff/release-content-source.ts";
