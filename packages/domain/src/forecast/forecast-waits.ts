import { webhooksOf } from "../rollout/hooks.ts";
import type { RolloutPlan, WebhookPlan } from "../rollout/plan.ts";
import { promotionPolicy } from "../rollout/policies.ts";

/** People and webhooks that have to agree, in the order in which they are asked. Nobody can foretell how long they take. */
export function forecastWaits(plan: RolloutPlan): readonly string[] {
  const approval = "a person who approves";
  const asked = (when: string, ...types: readonly WebhookPlan["type"][]): readonly string[] =>
    types.flatMap((type) => webhooksOf(plan, type)).map((hook) => `${when}: the webhook ${nameOf(hook)}`);
  return [
    ...asked("before the start", "confirm-rollout", "pre-rollout"),
    ...asked("during every step", "rollout"),
    ...asked("before every larger weight", "confirm-traffic-increase"),
    ...plan.steps.flatMap((step, index) => (step.requiresApproval ? [`after step ${index + 1}: ${approval}`] : [])),
    ...asked("before the promotion", "confirm-promotion"),
    ...(promotionPolicy(plan).requiresApproval ? [`before the promotion: ${approval}`] : []),
  ];
}

function nameOf({ name, type }: WebhookPlan): string {
  return name === type ? name : `${name} (${type})`;
}
