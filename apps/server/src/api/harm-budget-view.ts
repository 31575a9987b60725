import type { RolloutView } from "@perch/api";
import { harmOutlook, harmRampOf } from "@perch/domain";
import type { HeldRollout } from "../controller/book.ts";

/** How far the harm budget lets the weight go, and from what that follows. Null for a rollout with steps of its own. */
export function harmBudgetView({ rollout, evidence }: HeldRollout): RolloutView["harmBudget"] {
  const { plan, phase, judgement } = rollout;
  const ramp = harmRampOf(plan);
  if (ramp === null) return null;
  const shared = { budget: ramp.budget, horizonWindows: ramp.horizonWindows };
  const isExposed = phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused";
  if (!isExposed || evidence === null) {
    return { ...shared, sessionsPerWindow: null, upperExcess: null, affordableBp: null };
  }
  const affordable = Math.max(phase.step, judgement?.affordableStep ?? 0);
  return {
    ...shared,
    ...harmOutlook(evidence.board, plan, phase.step),
    affordableBp: plan.steps[affordable]?.weightBp ?? null,
  };
}
