import { promotionPolicy } from "./policies.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Outage, Rollout } from "./rollout.ts";
import { watchAfterPromotion } from "./watch-after-promotion.ts";

/** The canary was promoted a short while ago, and harm still takes it back by itself. */
export function isBakingPromotion({ plan, phase, phaseSince }: Rollout, at: number): boolean {
  if (phase.kind !== "Succeeded") return false;
  return at < Math.min(phase.rollbackUntil, phaseSince + promotionPolicy(plan).bakeTimeMs);
}

/**
 * Sessions that begin now are judged on what the gates promise: everybody meets the release, and some gate can take it back. Plans that
 * older versions recorded say nothing of a time to bake, so theirs are not.
 */
export function isJudgedAlone(rollout: Rollout, at: number): boolean {
  if (watchAfterPromotion(rollout.plan).watching.length === 0) return false;
  return rollout.phase.kind === "Promoting" || isBakingPromotion(rollout, at);
}

/** What assignments after the promotion name as their step: one behind the last. */
export function stepAfter({ steps }: Pick<RolloutPlan, "steps">): number {
  return steps.length;
}

/** Turns failed, and nothing told whose fault that was. */
export function isWithin(outages: readonly Outage[], session: { startedAt: number; endedAt: number }): boolean {
  return outages.some(({ from, to }) => session.endedAt >= from && session.startedAt <= (to ?? Infinity));
}

/** Those on record after a condition was reported present or gone. One is known only once it has filled a breaker's window. */
export function withOutage(
  outages: readonly Outage[],
  { at, isPresent, windowMs }: { readonly at: number; readonly isPresent: boolean; readonly windowMs: number },
): readonly Outage[] {
  if (isPresent) return [...outages, { from: at - windowMs, to: null }];
  return outages.map((outage) => (outage.to === null ? { ...outage, to: at } : outage));
}
