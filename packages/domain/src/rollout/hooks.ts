import type { RolloutPlan, WebhookPlan } from "./plan.ts";
import type { Rollout, TimelineEntry } from "./rollout.ts";
import { canaryWeightBp } from "./weight.ts";

type WebhookType = WebhookPlan["type"];

/** Something to ask or tell, and about what. */
export type HookCall = { readonly hook: WebhookPlan; readonly occasion: string; readonly about: HookMoment };
/** What it is about, as the timeline tells it. The same at every attempt. */
export type HookMoment = Pick<TimelineEntry, "at" | "phase" | "weightBp" | "text">;

/** What a server's own notification channel is called among the hooks of a rollout. */
export const CHANNEL_PREFIX = "channel/";

export function answerKey(hook: string, occasion: string): string {
  return `${hook}@${occasion}`;
}

export function webhookOf({ plan }: Rollout, name: string): WebhookPlan | undefined {
  return plan.webhooks?.find((hook) => hook.name === name);
}

export function webhooksOf(plan: RolloutPlan, type: WebhookType): readonly WebhookPlan[] {
  return plan.webhooks?.filter((hook) => hook.type === type) ?? [];
}

export function isAccepted({ hookAnswers }: Rollout, { hook, occasion }: HookCall): boolean {
  return hookAnswers[answerKey(hook.name, occasion)]?.outcome === "accepted";
}

/** How the present phase began. */
export function presentMoment(rollout: Rollout): HookMoment {
  const { phase, phaseSince, timeline } = rollout;
  const began = timeline.find((entry) => entry.at === phaseSince && entry.phase === phase.kind);
  return began ?? { at: phaseSince, phase: phase.kind, weightBp: canaryWeightBp(rollout), text: "" };
}

function unaccepted(rollout: Rollout, types: readonly WebhookType[], occasion: string): readonly HookCall[] {
  const about = presentMoment(rollout);
  return types
    .flatMap((type) => webhooksOf(rollout.plan, type))
    .map((hook) => ({ hook, occasion, about }))
    .filter((call) => !isAccepted(rollout, call));
}

/** Who has to agree before anybody meets the canary; `pre-rollout` is asked once every `confirm-rollout` has agreed. */
export function hooksBeforeStart(rollout: Rollout): readonly HookCall[] {
  const confirming = unaccepted(rollout, ["confirm-rollout"], "start");
  return confirming.length > 0 ? confirming : unaccepted(rollout, ["pre-rollout"], "start");
}

/** Who has to agree, while a step bakes, before it is left. */
export function hooksDuringStep(rollout: Rollout, step: number): readonly HookCall[] {
  return unaccepted(rollout, ["rollout"], `step-${step + 1}`);
}

/** Who has to agree once the gates let the step go: to another step, or (null) to the promotion. */
export function hooksOnTheWay(rollout: Rollout, nextStep: number | null): readonly HookCall[] {
  return nextStep === null
    ? unaccepted(rollout, ["confirm-promotion"], "promotion")
    : unaccepted(rollout, ["confirm-traffic-increase"], `step-${nextStep + 1}`);
}
