import { isShadowOnly } from "./plan.ts";
import type { PhaseKind, Rollout } from "./rollout.ts";

/** The step whose weight the gateways are to assign by now; null when the canary gets no share beside the baseline. */
export function routedStep(rollout: Rollout): number | null {
  const { phase } = rollout;
  if (phase.kind === "Shifting" || phase.kind === "Baking") return phase.step;
  return phase.kind === "Paused" ? phase.routedStep : null;
}

/** The share of new sessions that the canary is to get, in basis points. */
export function canaryWeightBp(rollout: Rollout): number {
  if (isPromoted(rollout)) return 10_000;
  const step = routedStep(rollout);
  return step === null ? 0 : (rollout.plan.steps[step]?.weightBp ?? 0);
}

/** The canary is the agent's current release, or is becoming it. */
export function isPromoted(rollout: Rollout): boolean {
  if (isShadowOnly(rollout.plan)) return false;
  return rollout.phase.kind === "Promoting" || rollout.phase.kind === "Succeeded";
}

const FINAL: ReadonlySet<PhaseKind> = new Set(["Succeeded", "RolledBack", "Aborted", "Superseded", "Failed"]);

/** Nothing more will happen to it, save that a promotion may still be rolled back. */
export function isFinal(rollout: Rollout): boolean {
  const { kind } = rollout.phase;
  return FINAL.has(kind);
}

/** It has met users. */
export function wasExposed(rollout: Rollout): boolean {
  return rollout.timeline.some((entry) => entry.phase === "Shifting" || entry.phase === "Promoting");
}

export function formatPercent(weightBp: number): string {
  return `${weightBp / 100} %`;
}
