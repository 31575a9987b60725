import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { createRedisPinStore, openRedisConnection, type RedisAddress } from "@perch/adapters/redis";
import { createSqlitePinStore } from "@perch/adapters/sqlite";
import type { PinStore } from "@perch/domain";
import { measurePinStore, type MeasuredPinStore } from "../metrics/measured-pin-store.ts";
import { createCachedPinStore, type CachedPinStore } from "./cached-pin-store.ts";

export type Pins = {
  /** The same for every gateway that shares these pins. */
  readonly name: string;
  /** Without the cache in front: for looking, not for claiming. */
  readonly store: PinStore;
  readonly cached: CachedPinStore;
  /** Requests that were placed without the store, because it failed. */
  readonly faults: () => number;
  /** What the store was asked for, and how long it took. */
  readonly operations: MeasuredPinStore["operations"];
};

export type OpenPinStoreDeps = {
  readonly database: DatabaseSync;
  readonly now: () => number;
  readonly tick: () => number;
  readonly log: Log;
};

const CACHED_PINS = 100_000;
/** A request waits no longer for the store. */
const REDIS_TIMEOUT_MS = 500;
const TOLD_AT_MOST_EVERY_MS = 10_000;

/** Pins on the server at `address`; without one, in the gateway's own database. A server that is away is waited for. */
export async function openPinStore(address: RedisAddress | null, deps: OpenPinStoreDeps): Promise<Pins> {
  const { database, now, tick, log } = deps;
  const faults = createFaultCount(deps);
  const cache = (store: PinStore): CachedPinStore =>
    createCachedPinStore({
      store,
      now,
      maxEntries: CACHED_PINS,
      slack: 0.1,
      mayForget: address !== null,
      onFault: faults.add,
    });
  if (address === null) {
    const { store, operations } = measurePinStore(createSqlitePinStore(database, now), tick);
    return { name: localName(database), store, operations, cached: cache(store), faults: faults.count };
  }
  let cached: CachedPinStore | null = null;
  const onChange = (isUp: boolean, reason: string): void => {
    if (isUp) log.info("the pin store answers", { reason });
    else log.warn("the pin store is away: sessions go by signed pins, else by their bucket", { reason });
    if (isUp) void cached?.catchUp();
  };
  const connection = await openRedisConnection({ address, timeoutMs: REDIS_TIMEOUT_MS, onChange });
  const { store, operations } = measurePinStore(createRedisPinStore(connection, now), tick);
  cached = cache(store);
  return { name: address.shown, store, operations, cached, faults: faults.count };
}

/** A file of one machine, without telling anybody where it lies. */
function localName(database: DatabaseSync): string {
  const place = `${hostname()} ${String(database.location())}`;
  return `sqlite ${createHash("sha256").update(place).digest("hex").slice(0, 16)}`;
}

function createFaultCount({ log, now }: OpenPinStoreDeps): { add: (error: unknown) => void; count: () => number } {
  let faults = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    add(error) {
      faults += 1;
      // Every request meets the same fault: one line of it is enough.
      if (now() - toldAt < TOLD_AT_MOST_EVERY_MS) return;
      toldAt = now();
      log.warn("the pin store failed; sessions are placed without it", { reason: reasonOf(error), faults });
    },
    count: () => faults,
  };
}
