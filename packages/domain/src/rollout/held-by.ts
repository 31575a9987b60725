import { analysisPolicy, type OutageAction } from "./policies.ts";
import type { Condition, Rollout } from "./rollout.ts";

const CONDITIONS = ["metricsOutage", "providerOutage", "noTraffic"] as const satisfies readonly Condition[];

/** The first condition that keeps a rollout where it stands; null when none does. */
export function heldBy(rollout: Rollout): Condition | null {
  const isHolding = (condition: Condition): boolean =>
    rollout.conditions[condition] !== undefined && actionOn(rollout, condition) === "hold";
  return CONDITIONS.find(isHolding) ?? null;
}

export function actionOn({ plan }: Rollout, condition: Condition): OutageAction {
  return condition === "noTraffic" ? (analysisPolicy(plan).noTraffic?.action ?? "warn") : "hold";
}
