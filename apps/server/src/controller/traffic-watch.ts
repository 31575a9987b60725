import {
  analysisPolicy,
  formatDuration,
  type CohortSource,
  type Rollout,
  type RolloutEvent,
  type RolloutId,
} from "@perch/domain";

/** Notices when no session of the canary begins any more, and when one does again. */
export interface TrafficWatch {
  /** Asks the store four times a grace period. Throws when that cannot say. */
  look(rollout: Rollout): Promise<RolloutEvent | null>;
}

export type TrafficWatchDeps = {
  readonly cohorts: Pick<CohortSource, "assigned">;
  readonly now: () => number;
};

type Sight = { readonly step: number; readonly canary: number; readonly changedAt: number; readonly lookedAt: number };
type Place = { readonly step: number; readonly since: number };

export function createTrafficWatch({ cohorts, now }: TrafficWatchDeps): TrafficWatch {
  const sights = new Map<RolloutId, Sight>();

  async function see({ id }: Rollout, { step, since }: Place): Promise<Sight> {
    const { canary } = await cohorts.assigned({ rollout: id, step });
    const last = sights.get(id);
    const before = last?.step === step ? last : { canary: 0, changedAt: since };
    const changedAt = before.canary === canary ? Math.max(before.changedAt, since) : now();
    const sight = { step, canary, changedAt, lookedAt: now() };
    sights.set(id, sight);
    return sight;
  }

  return {
    async look(rollout) {
      const policy = analysisPolicy(rollout.plan).noTraffic;
      const place = placeOf(rollout);
      if (policy === null || place === null) return null;
      const last = sights.get(rollout.id);
      const lookedAt = last?.step === place.step ? last.lookedAt : place.since;
      if (now() < lookedAt + policy.gracePeriodMs / 4) return null;
      const { changedAt } = await see(rollout, place);
      const isQuiet = now() - changedAt >= policy.gracePeriodMs;
      if (isQuiet === (rollout.conditions.noTraffic !== undefined)) return null;
      const detail = isQuiet
        ? `no session of the canary has begun for ${formatDuration(policy.gracePeriodMs)}`
        : "sessions of the canary begin again";
      return { type: "conditionChanged", at: now(), condition: "noTraffic", isPresent: isQuiet, detail };
    },
  };
}

/** Only a step whose weight is in force can miss sessions. */
function placeOf({ phase, holdsFrom }: Rollout): Place | null {
  if (phase.kind === "Baking") return { step: phase.step, since: Math.max(phase.startedAt, holdsFrom ?? 0) };
  if (phase.kind !== "Paused" || phase.why !== "noTraffic" || phase.startedAt === null) return null;
  return { step: phase.step, since: phase.startedAt };
}
