import type { RolloutPlan } from "@perch/domain";

/** After so much silence a session that nobody ended has been settled. */
export function settledAfter(plan: RolloutPlan, idleTimeoutMs: number): number {
  return (plan.idleTimeoutMs ?? idleTimeoutMs) + (plan.latenessMs ?? 0) + plan.windowMs;
}
