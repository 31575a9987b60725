import type { Rollout } from "./rollout.ts";

/** Since when every gateway assigns by the present weight; while they are still told, since they are. */
export function weightSince({ phase, phaseSince }: Rollout): number {
  const hasBaked = phase.kind === "Baking" || phase.kind === "Paused";
  return hasBaked ? (phase.startedAt ?? phaseSince) : phaseSince;
}
