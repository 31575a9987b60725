import { parseDurationMs } from "./duration.ts";
import type { AnalysisPolicy, PromotionPolicy, RollbackPolicy } from "./policies.ts";
import type { PromotionEntry, RollbackEntry } from "./policy-schema.ts";
import type { AnalysisEntry } from "./spec-schema.ts";

export function analysisPolicyOf(analysis: Omit<AnalysisEntry, "gates">): AnalysisPolicy {
  const { noTraffic, circuitBreaker, sampleRatioMismatch } = analysis;
  return {
    initialDelayMs: milliseconds(analysis.initialDelay),
    maxHoldMs: milliseconds(analysis.maxHold),
    onInconclusive: analysis.onInconclusive,
    noTraffic: { gracePeriodMs: milliseconds(noTraffic.gracePeriod), action: noTraffic.action },
    consecutiveErrorLimit: analysis.consecutiveErrorLimit,
    sampleRatio: { ...sampleRatioMismatch },
    circuitBreaker:
      circuitBreaker === undefined
        ? null
        : {
            metric: circuitBreaker.metric,
            max: circuitBreaker.max,
            windowMs: milliseconds(circuitBreaker.window),
          },
  };
}

export function rollbackPolicyOf({ undoWindow, requireHealthyTarget, window }: RollbackEntry): RollbackPolicy {
  return {
    undoWindowMs: milliseconds(undoWindow),
    requiresHealthyTarget: requireHealthyTarget,
    stepFreeRevisions: window.revisions,
  };
}

export function promotionPolicyOf({ requiresApproval, bakeTime }: PromotionEntry): PromotionPolicy {
  return { requiresApproval, bakeTimeMs: milliseconds(bakeTime) };
}

function milliseconds(text: string): number {
  return parseDurationMs(text) ?? 0;
}
