import {
  advance,
  isBakingPromotion,
  isOnStep,
  type CohortSource,
  type Rollout,
  type RolloutEvent,
  type RolloutId,
} from "@perch/domain";
import { checkTarget, targetDeployedAt, type CheckTargetDeps } from "./check-target.ts";
import { breakerEvent } from "./circuit-breaker.ts";
import { createOutageWatch, type OutageWatch } from "./outage-watch.ts";
import { createTrafficWatch } from "./traffic-watch.ts";

/** What the controller looks at besides evidence and acknowledgements: whether there is anything to judge, and by whom. */
export interface Watches {
  readonly outages: OutageWatch;
  /** Needs no store, so it may follow every turn that gateways tell of. */
  breaker(id: RolloutId): Promise<void>;
  traffic(id: RolloutId): Promise<void>;
  /** Looks at the release that a rollback leads to, unless that was just done. */
  readonly target: (id: RolloutId) => Promise<void>;
  /** As `target`, when nothing asks for it: often while a rollback waits for it, else now and then. */
  targetNowAndThen(id: RolloutId): Promise<void>;
}

export type WatchesDeps = CheckTargetDeps & { readonly cohorts: Pick<CohortSource, "assigned"> };

type Look = { readonly at: number; readonly done: Promise<void> };

const [FRESH_MS, WAITING_MS, CALM_MS] = [1000, 5000, 30_000];

export function createWatches(deps: WatchesDeps): Watches {
  const { book, now } = deps;
  const traffic = createTrafficWatch(deps);
  const looks = new Map<RolloutId, Look>();
  const rolloutOf = (id: RolloutId): Rollout | null => book.held(id)?.rollout ?? null;

  /** A look that is under way is waited for; one from before the target was moved counts no more. */
  async function target(id: RolloutId, maxAgeMs: number): Promise<void> {
    const rollout = rolloutOf(id);
    if (rollout === null) return;
    const last = looks.get(id);
    const isFresh = last !== undefined && now() - last.at < maxAgeMs && last.at > targetDeployedAt(rollout, book);
    const look = isFresh ? last : { at: now(), done: checkTarget(id, deps) };
    looks.set(id, look);
    await look.done.catch((error: unknown) => {
      looks.delete(id);
      throw error;
    });
  }

  return {
    outages: createOutageWatch(now),
    async breaker(id) {
      const rollout = rolloutOf(id);
      const event = rollout === null ? null : breakerEvent(rollout, deps.turnCounts, now());
      if (rollout === null || event === null || advance(rollout, event) === rollout) return;
      if (event.type === "breakerTripped") await target(id, FRESH_MS);
      await book.record(id, event);
    },
    async traffic(id) {
      const rollout = rolloutOf(id);
      const event: RolloutEvent | null = rollout === null ? null : await traffic.look(rollout);
      if (event !== null) await book.record(id, event);
    },
    target: (id) => target(id, FRESH_MS),
    async targetNowAndThen(id) {
      const rollout = rolloutOf(id);
      if (rollout === null || !(isOnStep(rollout.phase) || isBakingPromotion(rollout, now()))) return;
      await target(id, rollout.announcement === null ? CALM_MS : WAITING_MS);
    },
  };
}
