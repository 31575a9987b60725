import type { RolloutPlan } from "./plan.ts";

/** What an outage of data does: wait; take the canary back without blaming it; or only say so. */
export type OutageAction = "hold" | "rollback" | "warn";

/** How a rollout behaves while the gates cannot say anything, or before they have. */
export type AnalysisPolicy = {
  /** Sessions that begin this soon after users first meet the canary are not judged, of either arm. */
  readonly initialDelayMs: number;
  /** How long a step may stay without a verdict after its time. */
  readonly maxHoldMs: number;
  readonly onInconclusive: "hold" | "rollback" | "proceed";
  /** Null: nobody minds. */
  readonly noTraffic: { readonly gracePeriodMs: number; readonly action: OutageAction } | null;
  /** Failed reads of the sessions in a row before the rollout says that it waits for them. */
  readonly consecutiveErrorLimit: number;
  readonly sampleRatio: { readonly alpha: number; readonly action: OutageAction };
  readonly circuitBreaker: CircuitBreakerPlan | null;
};

/** The fast path: the gateways' own counts of failed turns, without any store or gate. */
export type CircuitBreakerPlan = {
  readonly metric: "turn_error_rate";
  /** Share of failed turns, 0..1. */
  readonly max: number;
  readonly windowMs: number;
};

export type RollbackPolicy = {
  /** An automatic decision is announced, and carried out after this long unless somebody undoes it; 0: at once. */
  readonly undoWindowMs: number;
  /** False: nobody looks whether the release that sessions are sent back to answers. */
  readonly requiresHealthyTarget: boolean;
  /** A release that was current at most so many promotions ago comes back without steps; 0: none does. */
  readonly stepFreeRevisions: number;
};

export type PromotionPolicy = {
  readonly requiresApproval: boolean;
  /** For this long after a promotion harm still takes it back by itself. */
  readonly bakeTimeMs: number;
};

/** Plans that older versions recorded say nothing of all this. */
const NO_ANALYSIS_POLICY: AnalysisPolicy = {
  initialDelayMs: 0,
  maxHoldMs: Infinity,
  onInconclusive: "hold",
  noTraffic: null,
  consecutiveErrorLimit: Infinity,
  sampleRatio: { alpha: 0.001, action: "hold" },
  circuitBreaker: null,
};
const NO_ROLLBACK_POLICY: RollbackPolicy = { undoWindowMs: 0, requiresHealthyTarget: false, stepFreeRevisions: 0 };
const NO_PROMOTION_POLICY: PromotionPolicy = { requiresApproval: false, bakeTimeMs: Infinity };

type Plan = Pick<RolloutPlan, "analysis" | "rollback" | "promotion">;

export function analysisPolicy(plan: Plan): AnalysisPolicy {
  return plan.analysis ?? NO_ANALYSIS_POLICY;
}

/** What an outage behind every release is known by where the file has no circuit breaker. */
const OUTAGE: CircuitBreakerPlan = { metric: "turn_error_rate", max: 0.5, windowMs: 30_000 };

export function breakerOf(plan: Plan): CircuitBreakerPlan {
  return analysisPolicy(plan).circuitBreaker ?? OUTAGE;
}

export function rollbackPolicy(plan: Plan): RollbackPolicy {
  return plan.rollback ?? NO_ROLLBACK_POLICY;
}

export function promotionPolicy(plan: Plan): PromotionPolicy {
  return plan.promotion ?? NO_PROMOTION_POLICY;
}
