import {
  hooksBeforeStart,
  isFinal,
  isOnStep,
  isStepFreeReturn,
  waitsForGateways,
  wasExposed,
  type CohortSource,
  type PairSource,
  type Rollout,
  type RolloutId,
} from "@perch/domain";
import type { GatewayHub } from "../gateways/hub.ts";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Book } from "./book.ts";
import { syncEvent } from "./follow-sync.ts";
import { judgeNewSessions } from "./judge-sessions.ts";
import { killEvent } from "./heed-kill.ts";
import { capEvent } from "./mirror-cap.ts";
import type { PairWatch } from "./pair-watch.ts";
import type { Publisher } from "./publisher.ts";
import { readinessOf } from "./readiness.ts";
import { readReferences } from "./references.ts";
import { LIVES_ON_MS } from "./session-wishes.ts";
import { takeTurn } from "./take-turn.ts";
import type { Watches } from "./watches.ts";

export type ReconcileDeps = {
  readonly book: Book;
  readonly cohorts: CohortSource;
  readonly pairs: Pick<PairSource, "spent">;
  readonly pairWatch: PairWatch;
  readonly hub: Pick<GatewayHub, "spreadOf" | "views">;
  readonly publisher: Publisher;
  readonly watches: Watches;
  readonly now: () => number;
  readonly idleTimeoutMs: () => number;
  readonly latenessMs: () => number;
  readonly log: Log;
  /** Sessions that are moved from release to release. */
  readonly followMoves: () => Promise<void>;
};

/** One turn of the loop: read, decide, record, apply. Safe to repeat, and safe to lose at any await. */
export interface Controller {
  /** Every rollout that anything can still happen to. While one turn is under way another waits for the same one. */
  reconcileAll(): Promise<void>;
  /** Only what the gateways' acknowledgements decide: needs no store, so it may follow every one of them. */
  reconcileSync(): Promise<void>;
  /** Sessions have matured: the next turn reads them. */
  noteMatured(): void;
  /** Gateways have told of turns: the fast path, without any store. */
  noteTurns(): void;
}

/** Read at least this often, matured or not: a block that a slow arm keeps open is closed by the clock. */
const READ_EVERY_MS = 30_000;

/** By rollout: from when on its sessions are to be read. */
type Unread = Map<RolloutId, number>;

export function createController(deps: ReconcileDeps): Controller {
  // At start everything may have matured: the process that would have noticed is gone.
  const unread: Unread = new Map(deps.book.rollouts().map(({ id }) => [id, 0]));
  let running: Promise<void> | null = null;

  async function turn(): Promise<void> {
    deps.publisher.publish();
    for (const { id } of deps.book.rollouts()) {
      try {
        await reconcile(id, unread, deps);
      } catch (error) {
        // No data is no decision: the weight stays, and the next turn tries again.
        deps.log.warn("cannot judge the rollout now; it keeps its weight", { rollout: id, reason: reasonOf(error) });
      }
    }
    await deps.followMoves();
  }

  return {
    reconcileAll() {
      running ??= turn().finally(() => {
        running = null;
      });
      return running;
    },
    async reconcileSync() {
      for (const { id } of deps.book.rollouts()) await followGateways(id, deps);
    },
    noteMatured() {
      for (const { id } of deps.book.rollouts()) unread.set(id, 0);
    },
    noteTurns() {
      for (const { id } of deps.book.rollouts()) {
        deps.watches.breaker(id).catch((error: unknown) => {
          deps.log.warn("cannot record what the circuit breaker saw; it looks again", {
            rollout: id,
            reason: reasonOf(error),
          });
        });
      }
    },
  };
}

async function reconcile(id: RolloutId, unread: Unread, deps: ReconcileDeps): Promise<void> {
  const { book, now, watches } = deps;
  const rollout = book.held(id)?.rollout;
  if (rollout === undefined || !isOfInterest(rollout, now())) return;
  await followGateways(id, deps);
  await takeTurn(rollout, deps);
  await heedKill(id, deps);
  await watches.breaker(id);
  await watches.targetNowAndThen(id);
  // Before the clock: a mirror that has gone badly must not be left because its time is over.
  await watchMirror(id, deps);
  await letTimePass(id, deps);
  await prepare(id, deps);
  await readSessions(id, unread, deps);
  await followGateways(id, deps);
}

async function heedKill(id: RolloutId, { book, now, ...deps }: ReconcileDeps): Promise<void> {
  const event = killEvent(currentOf(id, { ...deps, book, now }), book, now());
  if (event !== null) await book.record(id, event);
}

/** While the sessions cannot be read, only what was decided before goes on. */
async function letTimePass(id: RolloutId, deps: ReconcileDeps): Promise<void> {
  const { phase, announcement } = currentOf(id, deps);
  const waits = isOnStep(phase) && announcement === null && deps.watches.outages.isBlind(id);
  if (!waits) await deps.book.record(id, { type: "timePassed", at: deps.now() });
}

async function readSessions(id: RolloutId, unread: Unread, deps: ReconcileDeps): Promise<void> {
  const { book, now, watches } = deps;
  const isDue = now() >= (unread.get(id) ?? 0);
  try {
    await watches.traffic(id);
    if (!isDue) return;
    unread.set(id, now() + READ_EVERY_MS);
    await judgeNewSessions(currentOf(id, deps), { ...deps, beforeBlame: watches.target });
  } catch (error) {
    unread.set(id, 0);
    const event = watches.outages.failed(currentOf(id, deps), reasonOf(error));
    if (event !== null) await book.record(id, event);
    throw error;
  }
  const event = watches.outages.succeeded(currentOf(id, deps));
  if (event !== null) await book.record(id, event);
}

async function prepare(id: RolloutId, deps: ReconcileDeps): Promise<void> {
  const { book, hub, now } = deps;
  const rollout = currentOf(id, deps);
  if (rollout.phase.kind !== "Preparing") return;
  const readiness = readinessOf(rollout, book.agent(rollout.plan.agent), { hub, now: now() });
  if (readiness.kind === "failed") {
    await book.record(id, { type: "preparationFailed", at: now(), reason: readiness.reason });
  }
  if (readiness.kind !== "ready" || hooksBeforeStart(rollout).length > 0) return;
  const references = await readReferences(rollout, deps);
  const context = { rollouts: book.rollouts(), now: now() };
  const record = book.agent(rollout.plan.agent);
  const isReturn = record !== null && isStepFreeReturn(rollout, { ...context, record });
  await book.record(id, { type: "prepared", at: now(), references, isReturn });
}

/** Of all gateways together: each alone sees only its own share. */
async function watchMirror(id: RolloutId, deps: ReconcileDeps): Promise<void> {
  const rollout = currentOf(id, deps);
  if (rollout.phase.kind !== "Shadowing" || rollout.mirrorStop?.stops === "everything") return;
  const event = capEvent(rollout, await deps.pairs.spent(id), deps.now());
  if (event !== null) await deps.book.record(id, event);
  await judgePairs(rollout, deps);
}

/** A shadow that fails where the baseline answers is not mirrored to any more, and nothing follows before a person looks. */
async function judgePairs(rollout: Rollout, { book, pairWatch, now }: ReconcileDeps): Promise<void> {
  const comparison = await pairWatch.comparisonOf(rollout);
  if (comparison?.isRejected !== true) return;
  const { onlyShadow, onlyBaseline } = comparison.failures;
  const reason = `in ${onlyShadow} of ${comparison.pairs} mirrored sessions only the shadow failed, in ${onlyBaseline} only the baseline`;
  await book.record(rollout.id, { type: "mirrorStopped", at: now(), reason, stops: "everything" });
  await book.record(rollout.id, { type: "pauseRequested", at: now(), actor: "controller", reason });
}

async function followGateways(id: RolloutId, deps: ReconcileDeps): Promise<void> {
  const rollout = currentOf(id, deps);
  if (!waitsForGateways(rollout.phase)) return;
  const spread = deps.hub.spreadOf(deps.publisher.revisionOf(rollout));
  const event = syncEvent(rollout, spread, deps.now());
  if (event !== null) await deps.book.record(id, event);
}

function isOfInterest(rollout: Rollout, now: number): boolean {
  if (!isFinal(rollout)) return true;
  return wasExposed(rollout) && now - rollout.phaseSince < LIVES_ON_MS;
}

function currentOf(id: RolloutId, { book }: ReconcileDeps): Rollout {
  const held = book.held(id);
  if (held === null) throw new Error(`the book holds no rollout ${id}`);
  return held.rollout;
}
