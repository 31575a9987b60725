import { digestOf, parseAgentName, parseRolloutId, parseSessionId, type PinStore } from "@perch/domain";
import { expect, test } from "vitest";
import { aPin } from "./routing-builders.ts";

/** What every pin store promises. `create` gives a new, empty store that reads this clock. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describePinStore(create: (now: () => number) => Promise<PinStore>): void {
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
  });
  let now = 1000;
  const open = async (): Promise<PinStore> => {
    now = 1000;
    return await create(() => now);
  };

  test("the first claim wins, and every later claim gets that whole pin back", async () => {
    const store = await open();
    expect(await store.claim(canary, 100)).toEqual(canary);
    expect(await store.claim(baseline, 100)).toEqual(canary);
    expect(await store.find(canary.agent, canary.session)).toEqual(canary);
    await store.close();
  });

  test("of many claims at once, all get the same pin", async () => {
    const store = await open();
    const claims = Array.from({ length: 20 }, (_, index) => store.claim(index % 2 === 0 ? baseline : canary, 100));
    expect(new Set((await Promise.all(claims)).map((pin) => pin.release)).size).toBe(1);
    await store.close();
  });

  test("a claim renews the pin, whoever makes it", async () => {
    const store = await open();
    await store.claim(canary, 100);
    now += 99;
    await store.claim(baseline, 100);
    now += 99;
    expect(await store.find(canary.agent, canary.session)).toEqual(canary);
    await store.close();
  });

  test("looking at a pin does not renew it", async () => {
    const store = await open();
    await store.claim(canary, 100);
    now += 99;
    await store.find(canary.agent, canary.session);
    now += 1;
    expect(await store.find(canary.agent, canary.session)).toBeNull();
    await store.close();
  });

  test("an expired pin is free for another release", async () => {
    const store = await open();
    await store.claim(canary, 100);
    now += 100;
    expect(await store.claim(baseline, 100)).toEqual(baseline);
    await store.close();
  });

  test("sessions of the same name at two agents are two sessions", async () => {
    const store = await open();
    const other = aPin({ agent: parseAgentName("sales") });
    await store.claim(canary, 100);
    expect(await store.claim(other, 100)).toEqual(other);
    await store.close();
  });

  test("an unknown session has no pin", async () => {
    const store = await open();
    expect(await store.find(canary.agent, parseSessionId("never-seen"))).toBeNull();
    await store.close();
  });

  test("live pins are counted by release, expired ones are not, and can be forgotten", async () => {
    const store = await open();
    for (const name of ["a", "b", "c"]) await store.claim({ ...canary, session: parseSessionId(name) }, 100);
    now += 50;
    await store.claim(baseline, 100);
    await store.claim({ ...canary, session: parseSessionId("c") }, 100);
    expect(await store.countLive(canary.agent, canary.release)).toBe(3);
    now += 50;
    expect(await store.countLive(canary.agent, canary.release)).toBe(1);
    expect(await store.countLive(baseline.agent, baseline.release)).toBe(1);
    expect([await store.forgetExpired(1), await store.forgetExpired(10), await store.forgetExpired(10)]).toEqual([
      1, 1, 0,
    ]);
    expect(await store.countLive(canary.agent, canary.release)).toBe(1);
    await store.close();
  });
}
