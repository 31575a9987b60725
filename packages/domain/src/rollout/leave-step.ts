import { harmRampOf } from "./harm-ramp.ts";
import { heldBy } from "./held-by.ts";
import { hooksDuringStep, hooksOnTheWay } from "./hooks.ts";
import { moveTo } from "./move-to.ts";
import { formatPercent } from "./weight.ts";
import { promotionPolicy } from "./policies.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Phase, Rollout } from "./rollout.ts";

type Baking = Extract<Phase, { kind: "Baking" }>;
/** Where the gates let a step go: to another step, or (null) to the promotion. */
export type WayOut = { readonly nextStep: number | null };

/** Leaves the step once its time has passed, the gates let it go and every webhook agrees; else the same object. */
export function leaveStep(rollout: Rollout, phase: Baking, at: number): Rollout {
  const step = rollout.plan.steps[phase.step];
  const way = wayOut(rollout, phase, at);
  if (step === undefined || way === null || heldBy(rollout) !== null) return rollout;
  const waitsForHooks = [...hooksDuringStep(rollout, phase.step), ...hooksOnTheWay(rollout, way.nextStep)].length > 0;
  if (waitsForHooks) return rollout;
  const promotes = way.nextStep === null && promotionPolicy(rollout.plan).requiresApproval;
  if (step.requiresApproval || promotes) {
    const reason = `the gates accept ${formatPercent(step.weightBp)}; a person has to approve (resume)`;
    return moveTo(
      rollout,
      { ...phase, kind: "Paused", routedStep: phase.step, why: "approval", gates: [] },
      { at, reason, text: reason },
    );
  }
  return goOn(rollout, way, { at, actor: "controller" });
}

/** Where the gates, asked about this very step, let it go by now; null while they or the clock do not. */
export function wayOut({ plan, judgement }: Rollout, phase: Baking, at: number): WayOut | null {
  const step = plan.steps[phase.step];
  if (step === undefined || judgement === null || judgement.step !== phase.step) return null;
  if (at - phase.startedAt < step.durationMs) return null;
  if (harmRampOf(plan) === null) return judgement.canAdvance ? wayAfter(plan, phase.step) : null;
  if (judgement.canAdvance) return { nextStep: null };
  const affordable = judgement.affordableStep ?? phase.step;
  return affordable > phase.step ? { nextStep: affordable } : null;
}

/** To the step after this one, or to the promotion after the last. */
export function toNextStep(rollout: Rollout, step: number, by: Going): Rollout {
  // By harm budget nothing but the promotion is ever approved.
  const way = harmRampOf(rollout.plan) === null ? wayAfter(rollout.plan, step) : { nextStep: null };
  return goOn(rollout, way, by);
}

function wayAfter({ steps }: RolloutPlan, step: number): WayOut {
  return { nextStep: step + 1 < steps.length ? step + 1 : null };
}

type Going = { readonly at: number; readonly actor: string; readonly because?: string };

function goOn(rollout: Rollout, { nextStep }: WayOut, { because, ...by }: Going): Rollout {
  const next = nextStep === null ? undefined : rollout.plan.steps[nextStep];
  if (nextStep === null || next === undefined) {
    const text = `the gates accept the last step: ${rollout.canary.version} becomes the current release`;
    return moveTo(rollout, { kind: "Promoting" }, { ...by, text });
  }
  const why = harmRampOf(rollout.plan) === null ? "the gates accept the step" : "the harm budget affords it";
  const text = `${because ?? why}: goes on to ${formatPercent(next.weightBp)}`;
  return moveTo(rollout, { kind: "Shifting", step: nextStep }, { ...by, text });
}
