import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, parseAgentName, parseRolloutId, parseSessionId, type PinStore, type SessionId } from "@perch/domain";
import { expect, test } from "vitest";
import { describeMoves, describeSharedMoves } from "./pin-move-contract.ts";
import { describeAliases, listAll, type PinStoreSuite } from "./pin-alias-contract.ts";
import { aPin } from "./routing-builders.ts";

export type PinStoreClock = {
  /** How long pins of the tests live. */
  readonly ttlMs: number;
  /** `real`: of a store that expires pins by a clock of its own. */
  readonly kind: "made up" | "real";
};

const baseline = aPin();
const canary = aPin({
  release: digestOf("support 2.3.1"),
  arm: "canary",
  rollout: parseRolloutId("support-2-3-1"),
  step: 3,
  weightBp: 2500,
  bucket: 17,
  seed: "s\u00e9ed",
  revision: { epoch: 2, sequence: 9 },
  assignedAt: 123,
  override: "token-1",
  shadow: { rollout: parseRolloutId("support-2-4-0"), release: digestOf("support 2.4.0") },
  targeting: {
    kind: "intent",
    rollout: parseRolloutId("support-2-3-1"),
    classifier: "support-intents@3",
    outcome: "eligible",
    intent: "refund.request",
    confidence: 0.93,
  },
});
const { agent, session } = canary;
const id = (text: string): SessionId => parseSessionId(text);

/** What every pin store promises. `create` gives a new, empty store that reads this clock, unless it has its own. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describePinStore(
  create: (now: () => number) => Promise<PinStore>,
  { ttlMs, kind }: PinStoreClock = { ttlMs: 100, kind: "made up" },
): void {
  let now = 1000;
  const open = async (): Promise<PinStore> => {
    now = 1000;
    return await create(() => now);
  };
  /** Lets a part of the pins' time pass. */
  const pass = async (part: number): Promise<void> => {
    now += part * ttlMs;
    if (kind === "real") await sleep(part * ttlMs);
  };

  test("the first claim wins, and every later claim gets that whole pin back", async () => {
    const store = await open();
    expect(await store.claim(canary, ttlMs)).toEqual(canary);
    expect(await store.claim(baseline, ttlMs)).toEqual(canary);
    expect(await store.find(agent, session)).toEqual(canary);
    await store.close();
  });

  test("a pin of a user says where the user's id was found, or that it was nowhere", async () => {
    const store = await open();
    const rollout = parseRolloutId("support-2-3-1");
    for (const place of ["jwt:sub", null]) {
      const pin = aPin({ session: id(`of ${place}`.replace(" ", "-")), targeting: { kind: "user", rollout, place } });
      await store.claim(pin, ttlMs);
      expect(await store.find(agent, pin.session)).toEqual(pin);
    }
    await store.close();
  });

  test("of many claims at once, all get the same pin", async () => {
    const store = await open();
    const claims = Array.from({ length: 20 }, (_, index) => store.claim(index % 2 === 0 ? baseline : canary, ttlMs));
    expect(new Set((await Promise.all(claims)).map((pin) => pin.release)).size).toBe(1);
    await store.close();
  });

  test("a claim renews the pin, whoever makes it", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await pass(0.6);
    await store.claim(baseline, ttlMs);
    await pass(0.6);
    expect(await store.find(agent, session)).toEqual(canary);
    await store.close();
  });

  test("looking at a pin does not renew it", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await pass(0.6);
    await store.find(agent, session);
    await pass(0.6);
    expect(await store.find(agent, session)).toBeNull();
    await store.close();
  });

  test("an expired pin is free for another release", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await pass(1);
    expect(await store.claim(baseline, ttlMs)).toEqual(baseline);
    await store.close();
  });

  test("sessions of the same name at two agents are two sessions", async () => {
    const store = await open();
    const other = aPin({ agent: parseAgentName("sales") });
    await store.claim(canary, ttlMs);
    expect(await store.claim(other, ttlMs)).toEqual(other);
    await store.close();
  });

  test("an unknown session has no pin", async () => {
    const store = await open();
    expect(await store.find(agent, id("never-seen"))).toBeNull();
    await store.close();
  });

  test("a pin that is looked up says when it is free, by any of its names, and is not renewed", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await store.alias({ agent, alias: id("other-name"), session }, 10 * ttlMs);
    await pass(0.5);
    const [found, byAlias] = [await store.lookUp(agent, session), await store.lookUp(agent, id("other-name"))];
    expect([found?.pin, byAlias?.pin]).toEqual([canary, canary]);
    const leftMs = (found?.expiresAt ?? 0) - (kind === "real" ? Date.now() : now);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(0.51 * ttlMs);
    await pass(0.6);
    expect(await store.lookUp(agent, session)).toBeNull();
    expect(await store.lookUp(agent, id("never-seen"))).toBeNull();
    await store.close();
  });

  test("a store keeps its name", async () => {
    const store = await open();
    const name = await store.identity();
    expect(name).toMatch(/^[0-9a-f-]{32,36}$/);
    expect(await store.identity()).toBe(name);
    await store.close();
  });

  test("names that hold whatever an id may hold are kept apart", async () => {
    const store = await open();
    const names = ["{a}", "a}", "{", "a|b", "a:b", "*", "a*", "[a]", "%00", '"', "\\"].map(id);
    for (const name of names) await store.claim({ ...canary, session: name, seed: name }, ttlMs);
    for (const name of names) expect(await store.find(agent, name)).toMatchObject({ session: name, seed: name });
    await store.close();
  });

  test("live pins are counted by release, expired ones are not", async () => {
    const store = await open();
    for (const name of ["a", "b", "c"]) await store.claim({ ...canary, session: id(name) }, ttlMs);
    await pass(0.5);
    await store.claim(baseline, ttlMs);
    await store.claim({ ...canary, session: id("c") }, ttlMs);
    expect(await store.countLive(agent, canary.release)).toBe(3);
    await pass(0.7);
    expect(await store.countLive(agent, canary.release)).toBe(1);
    expect(await store.countLive(agent, baseline.release)).toBe(1);
    await store.close();
  });

  test("live pins are listed page by page, each at least once, with the time they have left", async () => {
    const store = await open();
    const pins = Array.from({ length: 25 }, (_, index) => ({ ...canary, session: id(`s-${index}`) }));
    for (const pin of pins) await store.claim(pin, ttlMs);
    await store.claim(aPin({ agent: parseAgentName("support-2") }), ttlMs);
    await store.alias({ agent, alias: id("other-name"), session: id("s-1") }, ttlMs);
    const { listed, largest } = await listAll(store, agent);
    expect([...listed.keys()].toSorted()).toEqual(pins.map((pin) => pin.session).toSorted());
    expect(listed.get(id("s-7"))).toEqual(pins[7]);
    expect(largest).toBeLessThan(25);
    await pass(1.1);
    expect((await listAll(store, agent)).listed.size).toBe(0);
    await store.close();
  });

  describeMerging({ open, ttlMs });
  describeAliases({ open, pass, ttlMs });
  describeMoves({ open, pass, ttlMs });
}

function describeMerging({ open, ttlMs }: Pick<PinStoreSuite, "open" | "ttlMs">): void {
  test("of two pins that were decided apart, the one that was assigned first stays, whichever is merged first", async () => {
    const [early, late] = [
      { ...canary, assignedAt: 5 },
      { ...baseline, assignedAt: 6 },
    ];
    for (const [one, two] of [
      [early, late],
      [late, early],
    ] as const) {
      const store = await open();
      expect(await store.merge(one, ttlMs)).toEqual(one);
      expect(await store.merge(two, ttlMs)).toEqual(early);
      expect(await store.claim(late, ttlMs)).toEqual(early);
      expect(await store.countLive(agent, late.release)).toBe(0);
      await store.close();
    }
  });

  test("of two that were assigned in the same millisecond, the one that is held stays", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    expect(await store.merge({ ...baseline, assignedAt: canary.assignedAt }, ttlMs)).toEqual(canary);
    await store.close();
  });
}

/** What stores that read the caller's clock promise besides: pins end to the millisecond, and their space is given back. */
export function describeExactPinStore(create: (now: () => number) => Promise<PinStore>): void {
  test("a pin lives until its time is over, not a millisecond longer", async () => {
    let now = 0;
    const store = await create(() => now);
    await store.claim(canary, 100);
    now = 99;
    expect(await store.find(agent, session)).toEqual(canary);
    now = 100;
    expect(await store.find(agent, session)).toBeNull();
    await store.close();
  });

  test("expired pins and aliases are deleted, a few at a time, live ones are not", async () => {
    let now = 0;
    const store = await create(() => now);
    for (const name of ["a", "b"]) await store.claim({ ...canary, session: id(name) }, 100);
    await store.alias({ agent, alias: id("c"), session: id("a") }, 100);
    await store.claim(canary, 200);
    now = 100;
    expect([await store.forgetExpired(1), await store.forgetExpired(10), await store.forgetExpired(10)]).toEqual([
      1, 2, 0,
    ]);
    expect(await store.countLive(agent, canary.release)).toBe(1);
    await store.close();
  });
}

/** What two stores on the same pins promise each other. `createTwo` gives two that were opened apart, empty. */
export function describeSharedPinStore(createTwo: () => Promise<readonly [PinStore, PinStore]>): void {
  describeSharedMoves(createTwo);
  test("32 claims at once through two gateways give one release, the same to all", async () => {
    const [one, two] = await createTwo();
    const claims = Array.from({ length: 32 }, (_, index) => {
      const pin = aPin({ release: digestOf(`release ${index}`), assignedAt: index });
      return (index % 2 === 0 ? one : two).claim(pin, 10_000);
    });
    const winners = await Promise.all(claims);
    expect(new Set(winners.map((pin) => pin.release)).size).toBe(1);
    expect(await two.find(agent, baseline.session)).toEqual(winners[0]);
    await Promise.all([one.close(), two.close()]);
  });

  test("both call the store the same", async () => {
    const [one, two] = await createTwo();
    const names = await Promise.all([one.identity(), two.identity()]);
    expect(names[0]).toBe(names[1]);
    await Promise.all([one.close(), two.close()]);
  });

  test("an alias that one gateway stored is known to the other at once", async () => {
    const [one, two] = await createTwo();
    await one.claim(canary, 10_000);
    await one.alias({ agent, alias: id("resp_1"), session }, 10_000);
    expect(await two.claim({ ...baseline, session: id("resp_1") }, 10_000)).toEqual(canary);
    await Promise.all([one.close(), two.close()]);
  });
}
