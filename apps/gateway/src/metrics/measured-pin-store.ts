import type { PinStore } from "@perch/domain";
import { createDistribution, observe, type Distribution } from "@perch/adapters/prometheus";

export type PinOperation = Exclude<keyof PinStore, "close">;
export type OperationCounts = { done: number; failed: number; readonly seconds: Distribution };

export type MeasuredPinStore = {
  readonly store: PinStore;
  readonly operations: ReadonlyMap<PinOperation, OperationCounts>;
};

const SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The same store, with how often it was asked for what, how long that took, and how often it failed. */
export function measurePinStore(store: PinStore, tick: () => number): MeasuredPinStore {
  const operations = new Map<PinOperation, OperationCounts>();

  function measured<Args extends unknown[], Result>(
    name: PinOperation,
    operation: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    const counts = { done: 0, failed: 0, seconds: createDistribution(SECONDS) };
    operations.set(name, counts);
    return async (...args) => {
      const startedAt = tick();
      try {
        const result = await operation(...args);
        counts.done += 1;
        return result;
      } catch (error) {
        counts.failed += 1;
        throw error;
      } finally {
        observe(counts.seconds, (tick() - startedAt) / 1000);
      }
    };
  }

  const measuredStore: PinStore = {
    claim: measured("claim", (pin, ttlMs) => store.claim(pin, ttlMs)),
    merge: measured("merge", (pin, ttlMs) => store.merge(pin, ttlMs)),
    alias: measured("alias", (alias, ttlMs) => store.alias(alias, ttlMs)),
    mark: measured("mark", (turn, markMs) => store.mark(turn, markMs)),
    unmark: measured("unmark", (turn, ttlMs) => store.unmark(turn, ttlMs)),
    move: measured("move", (wish, ttlMs) => store.move(wish, ttlMs)),
    find: measured("find", (agent, session) => store.find(agent, session)),
    lookUp: measured("lookUp", (agent, id) => store.lookUp(agent, id)),
    identity: measured("identity", () => store.identity()),
    countLive: measured("countLive", (agent, release) => store.countLive(agent, release)),
    list: measured("list", (agent, page) => store.list(agent, page)),
    forgetExpired: measured("forgetExpired", (limit) => store.forgetExpired(limit)),
    close: () => store.close(),
  };
  return { store: measuredStore, operations };
}
