import type { Phase, PhaseKind, Rollout } from "./rollout.ts";

/** A step is under way: users meet the canary, or would if nothing kept them from it. */
export type OnStep = Extract<Phase, { kind: "Shifting" | "Baking" | "Paused" }>;

export function isOnStep(phase: Phase): phase is OnStep {
  return phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused";
}

const UNEXPOSED: ReadonlySet<PhaseKind> = new Set(["Pending", "Preparing", "Shadowing"]);

/** It can still end without ever having been promoted. */
export function isBeforePromotion({ phase }: Pick<Rollout, "phase">): boolean {
  return isOnStep(phase) || UNEXPOSED.has(phase.kind);
}
