import { moveTo } from "./move-to.ts";
import { formatPercent } from "./weight.ts";
import type { Phase, Rollout } from "./rollout.ts";

type Baking = Extract<Phase, { kind: "Baking" }>;

/** Leaves the step once its time has passed and the gates, asked about this very step, let it go; else the same object. */
export function leaveStep(rollout: Rollout, phase: Baking, at: number): Rollout {
  const step = rollout.plan.steps[phase.step];
  const { judgement } = rollout;
  const mayLeave = judgement !== null && judgement.step === phase.step && judgement.canAdvance;
  if (step === undefined || !mayLeave || at - phase.startedAt < step.durationMs) return rollout;
  if (step.requiresApproval) {
    const reason = `the gates accept ${formatPercent(step.weightBp)}; a person has to approve (resume)`;
    return moveTo(
      rollout,
      { ...phase, kind: "Paused", routedStep: phase.step, why: "approval", gates: [] },
      { at, reason, text: reason },
    );
  }
  return toNextStep(rollout, phase.step, { at, actor: "controller" });
}

/** To the step after this one, or to the promotion after the last. */
export function toNextStep(rollout: Rollout, step: number, by: { at: number; actor: string }): Rollout {
  const next = rollout.plan.steps[step + 1];
  if (next === undefined) {
    const text = `the gates accept the last step: ${rollout.canary.version} becomes the current release`;
    return moveTo(rollout, { kind: "Promoting" }, { ...by, text });
  }
  const text = `the gates accept the step: goes on to ${formatPercent(next.weightBp)}`;
  return moveTo(rollout, { kind: "Shifting", step: step + 1 }, { ...by, text });
}
