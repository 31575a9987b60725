export { problemSchema, type Problem } from "./problem/problem.ts";
export {
  ackSchema,
  formatRevision,
  parseRevision,
  revisionSchema,
  routingTableSchema,
  type Ack,
  type RoutingTableMessage,
} from "./gateway/table.ts";
export {
  classifyAnswerSchema,
  classifyRequestSchema,
  type ClassifyAnswer,
  type ClassifyRequest,
} from "./gateway/classify.ts";
export { reportSchema, type ReportView } from "./rollout/report.ts";
export { forecastSchema, type ForecastView } from "./rollout/forecast.ts";
export { questionAnswerSchema, questionSchema, type Question, type QuestionAnswer } from "./gateway/question.ts";
export {
  gatewayStatusSchema,
  strategyCountsSchema,
  whySchema,
  type GatewayProcess,
  type GatewayStatus,
  type StrategyCounts,
  type Why,
} from "./gateway/status.ts";
export {
  shadowTurnSchema,
  turnBatchAcceptedSchema,
  turnBatchSchema,
  turnSchema,
  type ShadowTurnMessage,
  type TurnBatch,
  type TurnMessage,
} from "./gateway/turns.ts";
export {
  moveRecordSchema,
  moveReportSchema,
  routeMoveSchema,
  type MoveRecordMessage,
  type MoveReport,
} from "./gateway/moves.ts";
export {
  cancelMoveSchema,
  movedSessionsSchema,
  moveRequestSchema,
  moveViewSchema,
  type CancelMove,
  type MovedSessions,
  type MoveRequest,
  type MoveView,
} from "./agent/moves.ts";
export {
  agentViewSchema,
  deploymentRequestSchema,
  deploymentViewSchema,
  killRequestSchema,
  reviveRequestSchema,
  releaseNameSchema,
  releaseStatusSchema,
  retirementViewSchema,
  type AgentView,
  type DeploymentRequest,
  type DeploymentView,
  type KillRequest,
  type ReviveRequest,
  type ReleaseName,
  type OpenTransactionsView,
  type RetirementView,
} from "./agent/agent.ts";
export {
  movePointerSchema,
  pointerViewSchema,
  removePointerSchema,
  type MovePointer,
  type PointerView,
  type RemovePointer,
} from "./agent/pointer.ts";
export { serverChecksSchema, type ServerChecks } from "./server/checks.ts";
export { gateViewSchema, type GateView } from "./rollout/gate-view.ts";
export {
  FIGURES_LAG_MS,
  armViewSchema,
  clockAnswerSchema,
  clockSchema,
  driftSchema,
  gatewayViewSchema,
  ledgerEntrySchema,
  ledgerPageSchema,
  overviewSchema,
  pairPageSchema,
  phaseSchema,
  propagationSchema,
  rolloutCommandSchema,
  rolloutStartedSchema,
  rolloutViewSchema,
  type ArmView,
  type Drift,
  type ClockAnswer,
  type GatewayView,
  type LedgerEntryView,
  type LedgerPage,
  type Overview,
  type PairPage,
  type Propagation,
  type RolloutCommand,
  type RolloutStarted,
  type RolloutView,
} from "./rollout/view.ts";
export {
  listedSessionSchema,
  releaseActivitySchema,
  sessionListSchema,
  type ListedSessionView,
  type ReleaseActivityView,
  type SessionList,
} from "./session/sessions.ts";
export { placementSchema, whyAnswerSchema, type PlacementView, type WhyAnswer } from "./session/why.ts";
export {
  releaseChangeSchema,
  releaseDiffSchema,
  textDiffSchema,
  type ReleaseChangeView,
  type ReleaseDiffView,
  type TextDiffView,
} from "./release/diff.ts";
export { escalationAcceptedSchema, escalationSchema, type EscalationMessage } from "./session/escalation.ts";
export { sessionMeasuresSchema, type SessionMeasuresView } from "./session/measures.ts";
export { traceContentSchema, type TraceContent } from "./session/content.ts";
export {
  feedbackBatchSchema,
  scoreBatchSchema,
  scoresAcceptedSchema,
  type FeedbackBatch,
  type ScoreBatch,
  type ScoresAccepted,
} from "./score/scores.ts";
export {
  transactionBatchSchema,
  transactionsAcceptedSchema,
  type TransactionBatch,
  type TransactionsAccepted,
} from "./transaction/transactions.ts";
export { scorersViewSchema, type ScorersView } from "./score/scorers.ts";
export { percentilesSchema, transitionsSchema, type Percentiles, type Transitions } from "./rollout/behaviour.ts";
export {
  sessionPathsSchema,
  traceViewSchema,
  type SessionPaths,
  type SessionPathView,
  type StepView,
  type TraceView,
} from "./session/path.ts";
export {
  attributionSchema,
  collectorViewSchema,
  type AttributionView,
  type CollectorView,
} from "./telemetry/collector.ts";
