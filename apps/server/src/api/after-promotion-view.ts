import type { RolloutView } from "@perch/api";
import { isBakingPromotion, isShadowOnly, watchAfterPromotion, type Rollout } from "@perch/domain";

/** What watches while a promotion bakes, and until when it does. */
export function afterPromotionView(rollout: Rollout, now: number): RolloutView["afterPromotion"] {
  const { plan, phase, phaseSince } = rollout;
  if (isShadowOnly(plan)) return null;
  const { bakeTimeMs, watching, silent } = watchAfterPromotion(plan);
  const isBaking = phase.kind === "Succeeded" && bakeTimeMs > 0 && isBakingPromotion(rollout, now);
  const until = isBaking ? Math.min(phase.rollbackUntil, phaseSince + bakeTimeMs) : null;
  return { until, watching: [...watching], silent: silent.map((one) => ({ ...one })) };
}
