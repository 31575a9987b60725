import type { GateSpec } from "../gate/gate-spec.ts";
import { promiseOf } from "../gate/promise.ts";
import type { RolloutPlan } from "./plan.ts";
import { promotionPolicy } from "./policies.ts";

/** Which gates can still take a release back once everybody meets it, and which cannot, with the reason. */
export type WatchAfterPromotion = {
  readonly bakeTimeMs: number;
  readonly watching: readonly string[];
  readonly silent: readonly { readonly gate: string; readonly because: string }[];
};

type Plan = Pick<RolloutPlan, "gates" | "promotion" | "analysis" | "rollback">;

/** What the gates judge of sessions that begin after a promotion, for as long as it bakes. Gates that only pause have nothing to pause. */
export function watchAfterPromotion(plan: Plan): WatchAfterPromotion {
  const bakeTimeMs = plan.promotion === undefined ? 0 : promotionPolicy(plan).bakeTimeMs;
  const acting = plan.gates.filter(canAct).map((gate) => ({ gate: gate.name, promise: promiseOf(gate) }));
  if (bakeTimeMs === 0) {
    const because = "the promotion has no bakeTime";
    return { bakeTimeMs, watching: [], silent: acting.map(({ gate }) => ({ gate, because })) };
  }
  return {
    bakeTimeMs,
    watching: acting.flatMap(({ gate, promise }) => (promise.kind === "none" ? [] : [gate])),
    silent: acting.flatMap(({ gate, promise }) =>
      promise.kind === "none" ? [{ gate, because: promise.because }] : [],
    ),
  };
}

function canAct({ role, onFail }: GateSpec): boolean {
  return role === "guardrail" && onFail === "rollback";
}
