export {
  aCanaryRoute,
  aMirrorRoute,
  aMove,
  aMoveRecord,
  anAgentRoute,
  aPin,
  aPinMove,
  aRoutingTable,
  aShadowTurn,
  aTurnRecord,
} from "./routing-builders.ts";
export { anAppliedEvent, aRolloutFile, aRolloutPlan } from "./rollout-builders.ts";
export { escalationSpan } from "./escalation-span.ts";
export { aGate } from "./gate-builders.ts";
export {
  judgeSimulation,
  rejectionRate,
  reportOfSimulation,
  seededRandom,
  simulateAfterPromotion,
  simulateGates,
  type GateSimulation,
  type SimulatedArm,
} from "./simulate-gates.ts";
export {
  describeExactPinStore,
  describePinStore,
  describeSharedPinStore,
  type PinStoreClock,
} from "./pin-store-contract.ts";
export { describeTurnOutbox } from "./turn-outbox-contract.ts";
export { describeLeadership, type LeadershipStore } from "./leadership-contract.ts";
export { describeLedger, type LedgerStore } from "./ledger-contract.ts";
export { describeTransactionStore } from "./transaction-store-contract.ts";
export { describeServerState } from "./server-state-contract.ts";
export { aMaturedSession, aRawSpan, aRawSpanWith, aScore, aSpan, aToolCall } from "./telemetry-builders.ts";
export { describeTraceStore, type TraceStorage } from "./trace-store-contract.ts";
export { aBuiltRelease } from "./release-builders.ts";
export { aReleaseContent, type JsonDocument, type ReleaseDraft } from "./release-content-builders.ts";
export { describeReleaseRegistry, type RegistryUnderTest } from "./registry-contract.ts";
export { describeAppraisalStore } from "./appraisal-store-contract.ts";
export { aSubject, describeScorer } from "./scorer-contract.ts";
