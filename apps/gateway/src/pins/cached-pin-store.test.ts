import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { digestOf, parseSessionId, type PinStore } from "@perch/domain";
import { aPin, describePinStore } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createCachedPinStore } from "./cached-pin-store.ts";

type Watched = {
  store: PinStore;
  cached: PinStore;
  claims: () => number;
  faults: () => number;
  break: (on: boolean) => void;
};

function watched(now: () => number, maxEntries = 100): Watched {
  const store = createMemoryPinStore(now);
  let [claims, faults, isBroken] = [0, 0, false];
  const watchedStore: PinStore = {
    ...store,
    async claim(pin, ttlMs) {
      claims += 1;
      if (isBroken) throw new Error("disk full");
      return await store.claim(pin, ttlMs);
    },
  };
  const onFault = (): void => {
    faults += 1;
  };
  const cached = createCachedPinStore({ store: watchedStore, now, maxEntries, slack: 0.1, onFault });
  return {
    store,
    cached,
    claims: () => claims,
    faults: () => faults,
    break: (on) => {
      isBroken = on;
    },
  };
}

describe("a cache that adds no time keeps the contract exactly", () =>
  describePinStore(async (now) =>
    createCachedPinStore({ store: createMemoryPinStore(now), now, maxEntries: 100, slack: 0, onFault: () => {} }),
  ));

describe("a cached pin", () => {
  const pin = aPin();
  const other = aPin({ release: digestOf("other"), arm: "canary" });

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
    const { cached, claims } = watched(() => 0, 2);
    await cached.claim(pin, 1000);
    for (const name of ["a", "b"]) await cached.claim({ ...pin, session: parseSessionId(name) }, 1000);
    expect([await cached.claim(other, 1000), claims()]).toEqual([pin, 4]);
  });

  test("stays where it is while the store fails, and is written when the store is back", async () => {
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
});
