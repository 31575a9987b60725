import {
  TelemetryError,
  type AgentName,
  type Digest,
  type OpenTransaction,
  type OpenTransactionQuery,
  type SaidTransaction,
  type TransactionConflict,
  type TransactionReport,
  type TransactionStore,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { createOpenCounts, sumFor } from "./open-counts.ts";
import { placeTransactions, releaseAt, type PlaceDeps, type Placed } from "./place-transactions.ts";

/** Which transactions of tools are open, as far as anybody has told. Unknown is null, and never zero. */
export interface Transactions {
  place(said: readonly SaidTransaction[]): Promise<Placed>;
  /** Durable once it resolves; with conflicts nothing was stored. Throws `TelemetryError` `store_failed`. */
  record(reports: readonly TransactionReport[]): Promise<readonly TransactionConflict[]>;
  /** Counts them, and looks up releases that were not known. To be called every few seconds. Never throws. */
  refresh(): Promise<void>;
  /**
   * How many a drain of the release waits for: also those of the agent of which the release is not known. Null before they were
   * counted, and while they cannot be.
   */
  openFor(agent: AgentName, release: Digest): number | null;
  /**
   * What drains of these releases wait for, of each at most `limit`: its own, then those of an unknown release, oldest first. Null
   * where the store cannot be used.
   */
  list(agent: AgentName, releases: readonly Digest[], limit: number): Promise<ReadonlyMap<Digest, OpenList> | null>;
}

export type OpenList = { readonly count: number; readonly oldest: readonly OpenTransaction[] };

export type TransactionsDeps = PlaceDeps & {
  readonly store: TransactionStore;
  readonly now: () => number;
  readonly log: Pick<Log, "warn">;
};

/** As long as the keys of posts of scores: a report that comes later than this finds its name free. */
const CLOSED_ARE_REMEMBERED_MS = 7 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;
/** Looked up in one round. */
const MOST_LOOKED_UP = 200;

export function createTransactions(deps: TransactionsDeps): Transactions {
  const { store, now, log } = deps;
  const counts = createOpenCounts();
  let running: Promise<void> | null = null;
  let forgetAt = 0;

  async function round(): Promise<void> {
    await findReleases(deps);
    const counted = counts.begin();
    try {
      counted(await store.openCounts());
      if (now() < forgetAt) return;
      forgetAt = now() + FORGET_EVERY_MS;
      await store.forgetClosed(now() - CLOSED_ARE_REMEMBERED_MS);
    } catch (error) {
      counts.lose();
      log.warn("cannot count open transactions now; no drain ends meanwhile", { reason: reasonOf(error) });
    }
  }

  return {
    place: (said) => placeTransactions(said, deps),
    async record(reports) {
      return await counts.during(reports, () => stored(() => store.record(reports)));
    },
    refresh() {
      running ??= round().finally(() => {
        running = null;
      });
      return running;
    },
    openFor: (agent, release) => counts.openFor(agent, release),
    async list(agent, releases, limit) {
      try {
        const counted = releases.length === 0 ? [] : await store.openCounts();
        const lists = new Map<Digest, OpenList>();
        for (const release of releases) {
          const count = sumFor(counted, agent, release);
          // Most drains have none, and old ones are many.
          lists.set(release, { count, oldest: count === 0 ? [] : await oldestOf({ agent, release, limit }, store) });
        }
        return lists;
      } catch (error) {
        log.warn("cannot list open transactions now", { agent, reason: reasonOf(error) });
        return null;
      }
    },
  };
}

async function oldestOf(
  query: Omit<OpenTransactionQuery, "after">,
  store: TransactionStore,
): Promise<readonly OpenTransaction[]> {
  const own = await store.open({ ...query, after: null });
  const unknown = await store.open({ ...query, release: null, after: null });
  return [...own, ...unknown].slice(0, query.limit);
}

async function stored<Result>(store: () => Promise<Result>): Promise<Result> {
  try {
    return await store();
  } catch (cause) {
    throw new TelemetryError({
      code: "store_failed",
      message: `cannot keep transactions: ${reasonOf(cause)}`,
      hint: "send the same again: what was stored counts once",
      cause,
    });
  }
}

/** A first turn that is still under way has no record yet: its transactions are looked at again. */
async function findReleases(deps: TransactionsDeps): Promise<void> {
  const { store, log } = deps;
  try {
    const unknown = (await store.openCounts()).filter(({ release }) => release === null);
    for (const { agent } of unknown) {
      const open = await store.open({ agent, release: null, limit: MOST_LOOKED_UP, after: null });
      for (const one of open) await findRelease(one, deps);
    }
  } catch (error) {
    log.warn("cannot find out now of which release some open transactions are", { reason: reasonOf(error) });
  }
}

async function findRelease(one: OpenTransaction, { store, sessions }: TransactionsDeps): Promise<void> {
  const [recorded] = await sessions.recorded({ session: one.session, agent: one.agent });
  const release = recorded === undefined ? null : releaseAt(recorded, one.openedAt);
  if (release !== null) await store.reassign(one, { from: null, to: release });
}
