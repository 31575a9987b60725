import { analysisPolicy, type Rollout, type RolloutEvent, type RolloutId } from "@perch/domain";

/** Counts failed reads of a rollout's sessions in a row. */
export interface OutageWatch {
  failed(rollout: Rollout, reason: string): RolloutEvent | null;
  succeeded(rollout: Rollout): RolloutEvent | null;
  /** The last read failed: what was known before it must not carry a step on. */
  isBlind(id: RolloutId): boolean;
}

/** Reads are tried again at once; of the failures within so long one counts. */
const COUNTED_EVERY_MS = 30_000;

type Failures = { readonly count: number; readonly countedAt: number };

export function createOutageWatch(now: () => number): OutageWatch {
  const failures = new Map<RolloutId, Failures>();
  return {
    failed(rollout, reason) {
      const before = failures.get(rollout.id) ?? { count: 0, countedAt: -Infinity };
      if (now() - before.countedAt < Math.min(COUNTED_EVERY_MS, rollout.plan.windowMs)) return null;
      const count = before.count + 1;
      failures.set(rollout.id, { count, countedAt: now() });
      const isKnown = rollout.conditions.metricsOutage !== undefined;
      if (isKnown || count < analysisPolicy(rollout.plan).consecutiveErrorLimit) return null;
      const detail = `the sessions could not be read ${count} times in a row: ${reason}`;
      return { type: "conditionChanged", at: now(), condition: "metricsOutage", isPresent: true, detail };
    },
    isBlind: (id) => failures.has(id),
    succeeded(rollout) {
      failures.delete(rollout.id);
      if (rollout.conditions.metricsOutage === undefined) return null;
      const detail = "the sessions can be read again";
      return { type: "conditionChanged", at: now(), condition: "metricsOutage", isPresent: false, detail };
    },
  };
}
