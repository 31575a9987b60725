import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { digestOf, parseSessionId, type PinStore } from "@perch/domain";
import { aPin, aPinMove, describeExactPinStore, describePinStore } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createCachedPinStore, type CachedPinStore } from "./cached-pin-store.ts";

type Watched = {
  store: PinStore;
  cached: CachedPinStore;
  /** Another gateway on the same store. */
  other: CachedPinStore;
  claims: () => number;
  writes: () => number;
  faults: () => number;
  break: (on: boolean) => void;
};

function watched(
  now: () => number,
  { maxEntries = 100, mayForget = false, store = createMemoryPinStore(now) } = {},
): Watched {
  let [claims, writes, faults, isBroken] = [0, 0, 0, false];
  const ask = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    writes += 1;
    if (isBroken) throw new Error("disk full");
    return await answer();
  };
  const watchedStore: PinStore = {
    ...store,
    async claim(pin, ttlMs) {
      claims += 1;
      return await ask(() => store.claim(pin, ttlMs));
    },
    merge: (pin, ttlMs) => ask(() => store.merge(pin, ttlMs)),
    alias: (alias, ttlMs) => ask(() => store.alias(alias, ttlMs)),
  };
  const onFault = (): void => {
    faults += 1;
  };
  const deps = { now, maxEntries, slack: 0.1, mayForget, onFault };
  return {
    store,
    cached: createCachedPinStore({ ...deps, store: watchedStore }),
    other: createCachedPinStore({ ...deps, store }),
    claims: () => claims,
    writes: () => writes,
    faults: () => faults,
    break: (on) => {
      isBroken = on;
    },
  };
}

const pin = aPin();
const other = aPin({ release: digestOf("other"), arm: "canary", assignedAt: 7 });
const id = parseSessionId;
const asked = { ...other, session: id("resp_1") };
const alias = { agent: pin.agent, alias: id("resp_1"), session: pin.session };

describe("a cache that adds no time keeps the contract exactly", () => {
  const create = async (now: () => number): Promise<PinStore> => {
    const store = createMemoryPinStore(now);
    return createCachedPinStore({ store, now, maxEntries: 100, slack: 0, mayForget: false, onFault: () => {} });
  };
  describePinStore(create);
  describeExactPinStore(create);
});

describe("a cached pin", () => {
  test("is answered from memory for a tenth of its time, then renewed in the store", async () => {
    let now = 0;
    const { cached, claims } = watched(() => now);
    await cached.claim(pin, 1000);
    now = 99;
    expect([await cached.claim(other, 1000), claims()]).toEqual([pin, 1]);
    now = 100;
    expect([await cached.claim(other, 1000), claims()]).toEqual([pin, 2]);
  });

  test("never ends before a whole idle time, and gives the name free soon after", async () => {
    let now = 0;
    const { cached, store } = watched(() => now);
    await cached.claim(pin, 1000);
    now = 99;
    await cached.claim(pin, 1000);
    now = 99 + 1000;
    expect(await store.find(pin.agent, pin.session)).toEqual(pin);
    now = 1100;
    expect(await cached.claim(other, 1000)).toEqual(other);
  });

  test("is forgotten by memory when many others were used since, not by the store", async () => {
    const { cached, claims } = watched(() => 0, { maxEntries: 2 });
    await cached.claim(pin, 1000);
    for (const name of ["a", "b"]) await cached.claim({ ...pin, session: id(name) }, 1000);
    expect([await cached.claim(other, 1000), claims()]).toEqual([pin, 4]);
  });
});

describe("a cached alias", () => {
  test("is known at once, also to a gateway that did not learn it", async () => {
    const { cached, other: second } = watched(() => 0);
    await cached.claim(pin, 1000);
    await cached.alias(alias, 1000);
    expect(cached.sessionOf(pin.agent, alias.alias)).toBe(pin.session);
    expect(await second.claim(asked, 1000)).toEqual(pin);
    expect(second.sessionOf(pin.agent, alias.alias)).toBe(pin.session);
  });

  test("that every answer names again is written once in a tenth of its time", async () => {
    let now = 0;
    const { cached, writes } = watched(() => now);
    for (let turn = 0; turn < 5; turn += 1) await cached.alias(alias, 1000);
    expect(writes()).toBe(1);
    now = 100;
    await cached.alias(alias, 1000);
    expect(writes()).toBe(2);
  });

  test("is renewed in the store as long as the session is asked for by it", async () => {
    let now = 0;
    const { cached, store } = watched(() => now);
    await cached.claim(pin, 1000);
    await cached.alias(alias, 1000);
    for (now = 500; now <= 5000; now += 500) expect(await cached.claim(asked, 1000)).toEqual(pin);
    expect(await store.find(pin.agent, alias.alias)).toEqual(pin);
  });

  test("is forgotten by memory when many others were learned since, not by the store", async () => {
    const { cached } = watched(() => 0, { maxEntries: 2 });
    await cached.claim(pin, 1000);
    for (const name of ["resp_1", "b", "c"]) await cached.alias({ ...alias, alias: id(name) }, 1000);
    expect(cached.sessionOf(pin.agent, alias.alias)).toBe(alias.alias);
    expect(await cached.claim(asked, 1000)).toEqual(pin);
  });
});

describe("while the store fails", () => {
  test("a session stays where it is, and is written when the store is back", async () => {
    let now = 0;
    const { cached, store, faults, break: breakStore } = watched(() => now);
    breakStore(true);
    expect(await cached.claim(pin, 1000)).toEqual(pin);
    now = 500;
    expect([await cached.claim(other, 1000), faults()]).toEqual([pin, 2]);
    breakStore(false);
    expect(await cached.claim(other, 1000)).toEqual(pin);
    expect(await store.find(pin.agent, pin.session)).toEqual(pin);
  });

  test("what was decided is counted, and written without waiting for another request", async () => {
    const { cached, store, break: breakStore } = watched(() => 0);
    breakStore(true);
    for (const name of ["a", "b", "c"]) await cached.claim({ ...pin, session: id(name) }, 1000);
    await cached.alias({ ...alias, session: id("a") }, 1000);
    await cached.catchUp();
    expect(cached.counts()).toEqual({ unwritten: 4, dropped: 0, conflicts: 0 });
    breakStore(false);
    await cached.catchUp();
    expect(cached.counts()).toEqual({ unwritten: 0, dropped: 0, conflicts: 0 });
    expect(await store.countLive(pin.agent, pin.release)).toBe(3);
    expect(await store.find(pin.agent, alias.alias)).toMatchObject({ session: "a" });
  });

  test("a session that is asked for by an alias stays, also when the alias was learned meanwhile", async () => {
    const { cached, store, break: breakStore } = watched(() => 0);
    breakStore(true);
    await cached.claim(pin, 1000);
    await cached.alias(alias, 1000);
    expect(await cached.claim(asked, 1000)).toEqual(pin);
    breakStore(false);
    expect(await cached.claim(asked, 1000)).toEqual(pin);
    expect(await store.find(pin.agent, alias.alias)).toEqual(pin);
    expect(await store.countLive(pin.agent, pin.release)).toBe(1);
  });

  test.each([
    [{ ...pin, assignedAt: 9 }, other, 1],
    [{ ...pin, assignedAt: 5 }, { ...pin, assignedAt: 5 }, 0],
  ])(
    "of two gateways that placed a session apart, the first to assign it is right %#",
    async (mine, wanted, conflicts) => {
      const { cached, store, break: breakStore } = watched(() => 0);
      breakStore(true);
      await cached.claim(mine, 1000);
      await store.claim(other, 1000);
      breakStore(false);
      await cached.catchUp();
      expect(await cached.claim(mine, 1000)).toEqual(wanted);
      expect(await store.find(pin.agent, pin.session)).toEqual(wanted);
      expect(cached.counts().conflicts).toBe(conflicts);
    },
  );

  test("no more than the bound is remembered, and what had to go is counted", async () => {
    const { cached, break: breakStore } = watched(() => 0, { maxEntries: 2 });
    breakStore(true);
    for (const name of ["a", "b", "c", "d"]) await cached.claim({ ...pin, session: id(name) }, 1000);
    expect(cached.counts()).toEqual({ unwritten: 2, dropped: 2, conflicts: 0 });
  });

  test("a store that comes back empty is told every live pin and alias, however long ago they were written", async () => {
    let now = 0;
    let store = createMemoryPinStore(() => now);
    const indirect: PinStore = {
      ...store,
      claim: (...claim) => store.claim(...claim),
      merge: (...merge) => store.merge(...merge),
      alias: (...link) => store.alias(...link),
      find: (...what) => store.find(...what),
    };
    const { cached, break: breakStore } = watched(() => now, { mayForget: true, store: indirect });
    await cached.claim(pin, 1000);
    await cached.alias(alias, 1000);
    now = 200;
    breakStore(true);
    await cached.claim({ ...pin, session: id("b") }, 1000);
    store = createMemoryPinStore(() => now);
    breakStore(false);
    await cached.catchUp();
    expect(await store.find(pin.agent, alias.alias)).toEqual(pin);
    expect(await store.find(pin.agent, id("b"))).not.toBeNull();
  });

  test("what the store moved meanwhile is not moved back by a gateway that remembers the old place", async () => {
    const moved = { ...other, assignedAt: 50 };
    let now = 0;
    let store = createMemoryPinStore(() => now);
    const indirect: PinStore = {
      ...store,
      claim: (...claim) => store.claim(...claim),
      merge: (...merge) => store.merge(...merge),
    };
    const { cached, break: breakStore } = watched(() => now, { mayForget: true, store: indirect });
    await cached.claim({ ...pin, assignedAt: 5 }, 1000);
    store = createMemoryPinStore(() => now);
    await store.claim(moved, 1000);
    breakStore(true);
    now = 200;
    expect(await cached.claim(pin, 1000)).toMatchObject({ release: pin.release });
    breakStore(false);
    await cached.catchUp();
    expect(await store.find(pin.agent, pin.session)).toEqual(moved);
    expect(await cached.claim(pin, 1000)).toEqual(moved);
  });
});

describe("a session that was moved", () => {
  const moved = aPin({ release: digestOf("other"), moved: aPinMove({ from: pin.release }) });
  const wish = { from: pin.release, pin: moved, turn: null };

  test("is not taken back by a gateway that missed it, when the store has lost everything", async () => {
    const now = (): number => 0;
    const empty = createMemoryPinStore(now);
    let store = createMemoryPinStore(now);
    const lossy: PinStore = {
      ...store,
      claim: (...args) => store.claim(...args),
      merge: (...args) => store.merge(...args),
      move: (...args) => store.move(...args),
    };
    const { cached, other } = watched(now, { store: lossy, mayForget: true });
    await other.claim(pin, 100);
    await cached.move(wish, 100);
    store = empty;
    await other.confirm(pin, 100);
    expect(await cached.confirm(pin, 100)).toEqual(moved);
    expect(await other.confirm(pin, 100)).toEqual(moved);
  });

  test("goes by the pin that its client brings when that one is newer than what is remembered", async () => {
    const { cached, break: breakStore } = watched(() => 0);
    await cached.claim(pin, 100);
    breakStore(true);
    expect(await cached.claim(moved, 100)).toEqual(moved);
    expect(await cached.claim(pin, 100)).toEqual(moved);
  });

  test("is asked for at the store where that matters, and not found in memory when the store is away", async () => {
    const { cached, other, break: breakStore } = watched(() => 0);
    await cached.claim(pin, 100);
    await other.move(wish, 100);
    expect(await cached.claim(pin, 100)).toEqual(pin);
    expect(await cached.confirm(pin, 100)).toEqual(moved);
    breakStore(true);
    await expect(cached.confirm(pin, 100)).rejects.toThrow("disk full");
  });

  test("is remembered where it was moved, and forgotten as it was where a turn of it is marked", async () => {
    const { cached, other } = watched(() => 0);
    await other.claim(pin, 100);
    await cached.claim(pin, 100);
    await cached.move(wish, 100);
    expect(await cached.claim(pin, 100)).toEqual(moved);
    expect(await other.claim(pin, 100)).toEqual(pin);
    await other.mark({ agent: pin.agent, session: pin.session, turn: "one" }, 100);
    expect(await other.claim(pin, 100)).toEqual(moved);
  });
});
