import type { MirrorCaps, MirrorRoute, RolloutId } from "@perch/domain";

/** What this process has mirrored, by rollout, against the rollout's caps. The server counts what all of them have. */
export type MirrorSpending = {
  isSpent(mirror: MirrorRoute, next: { readonly isNewSession: boolean; readonly requestBytes: number }): boolean;
  add(rollout: RolloutId, spent: Partial<MirrorCaps>): void;
  /** Forgets every other rollout. */
  keepOnly(rollouts: ReadonlySet<RolloutId>): void;
};

export function createMirrorSpending(): MirrorSpending {
  const spentBy = new Map<RolloutId, MirrorCaps>();
  const of = (rollout: RolloutId): MirrorCaps => spentBy.get(rollout) ?? { sessions: 0, turns: 0, requestBytes: 0 };
  return {
    isSpent({ rollout, caps }, { isNewSession, requestBytes }) {
      const spent = of(rollout);
      if (isNewSession && spent.sessions >= caps.sessions) return true;
      return spent.turns >= caps.turns || spent.requestBytes + requestBytes > caps.requestBytes;
    },
    add(rollout, { sessions = 0, turns = 0, requestBytes = 0 }) {
      const spent = of(rollout);
      spentBy.set(rollout, {
        sessions: spent.sessions + sessions,
        turns: spent.turns + turns,
        requestBytes: spent.requestBytes + requestBytes,
      });
    },
    keepOnly(rollouts) {
      for (const rollout of spentBy.keys()) if (!rollouts.has(rollout)) spentBy.delete(rollout);
    },
  };
}
