import { promotionPolicy } from "./policies.ts";
import type { Rollout } from "./rollout.ts";

/** The canary was promoted a short while ago, and harm still takes it back by itself. */
export function isBakingPromotion({ plan, phase, phaseSince }: Rollout, at: number): boolean {
  if (phase.kind !== "Succeeded") return false;
  return at < Math.min(phase.rollbackUntil, phaseSince + promotionPolicy(plan).bakeTimeMs);
}
