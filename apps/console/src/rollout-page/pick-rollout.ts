import type { RolloutView } from "@perch/api";

/** The rollout to show: the chosen one while it exists, else the newest (the server lists newest first). */
export function pickRollout(rollouts: readonly RolloutView[], chosen: string | null): RolloutView | null {
  return rollouts.find((rollout) => rollout.id === chosen) ?? rollouts[0] ?? null;
}
