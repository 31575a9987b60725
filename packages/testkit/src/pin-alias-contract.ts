import {
  digestOf,
  LONGEST_ALIAS_CHAIN,
  parseAgentName,
  parseSessionId,
  type AgentName,
  type Pin,
  type PinStore,
  type SessionId,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aPin } from "./routing-builders.ts";

export type PinStoreSuite = {
  readonly open: () => Promise<PinStore>;
  /** Lets a part of the pins' time pass. */
  readonly pass: (part: number) => Promise<void>;
  readonly ttlMs: number;
};

const baseline = aPin();
const canary = aPin({ release: digestOf("support 2.3.1"), arm: "canary", assignedAt: 123 });
const { agent, session } = canary;
const id = (text: string): SessionId => parseSessionId(text);

/** What every pin store promises about aliases; a part of `describePinStore`. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeAliases({ open, pass, ttlMs }: PinStoreSuite): void {
  const asked = { ...baseline, session: id("resp_1") };
  const alias = { agent, alias: id("resp_1"), session };

  test("an alias gets the pin of its session, whoever claims, merges or finds it", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await store.alias(alias, ttlMs);
    expect(await store.claim(asked, ttlMs)).toEqual(canary);
    expect(await store.merge({ ...asked, assignedAt: 200 }, ttlMs)).toEqual(canary);
    expect(await store.find(agent, alias.alias)).toEqual(canary);
    expect(await store.find(parseAgentName("sales"), alias.alias)).toBeNull();
    await store.close();
  });

  test("a claim by alias renews the alias and the session", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await store.alias(alias, ttlMs);
    for (let turn = 0; turn < 3; turn += 1) {
      await pass(0.6);
      expect(await store.claim(asked, ttlMs)).toEqual(canary);
    }
    expect(await store.find(agent, session)).toEqual(canary);
    await store.close();
  });

  test("an alias whose session has expired leads to a new pin of that session", async () => {
    const store = await open();
    await store.alias(alias, ttlMs);
    expect(await store.claim(asked, ttlMs)).toEqual({ ...baseline, session });
    expect(await store.find(agent, session)).toEqual({ ...baseline, session });
    await store.close();
  });

  test("an expired alias is a free id", async () => {
    const store = await open();
    await store.claim(canary, ttlMs * 3);
    await store.alias(alias, ttlMs);
    await pass(1.1);
    expect(await store.find(agent, alias.alias)).toBeNull();
    expect(await store.claim(asked, ttlMs)).toEqual(asked);
    await store.close();
  });

  test("an id that is a session, or another session's alias, stays what it is", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await store.claim(asked, ttlMs);
    await store.alias(alias, ttlMs);
    expect(await store.find(agent, alias.alias)).toEqual(asked);
    await store.alias({ ...alias, alias: id("x") }, ttlMs);
    await store.alias({ agent, alias: id("x"), session: asked.session }, ttlMs);
    expect(await store.find(agent, id("x"))).toEqual(canary);
    await store.alias({ agent, alias: session, session }, ttlMs);
    expect(await store.find(agent, session)).toEqual(canary);
    await store.close();
  });

  test("a chain of aliases is followed to its end, and one without an end is not followed for ever", async () => {
    const store = await open();
    const chain = Array.from({ length: LONGEST_ALIAS_CHAIN }, (_, index) => id(`link-${index}`));
    for (const [index, link] of chain.entries()) {
      await store.alias({ agent, alias: link, session: chain[index + 1] ?? session }, ttlMs);
    }
    expect(await store.claim({ ...canary, session: id("link-0") }, ttlMs)).toEqual(canary);
    await store.alias({ agent, alias: id("ring-1"), session: id("ring-2") }, ttlMs);
    await store.alias({ agent, alias: id("ring-2"), session: id("ring-1") }, ttlMs);
    const first = await store.claim({ ...canary, session: id("ring-1") }, ttlMs);
    expect(await store.claim({ ...baseline, session: id("ring-1") }, ttlMs)).toEqual(first);
    await store.close();
  });

  test("aliases are no sessions: they are neither counted nor listed", async () => {
    const store = await open();
    await store.claim(canary, ttlMs);
    await store.alias(alias, ttlMs);
    await store.claim(asked, ttlMs);
    expect(await store.countLive(agent, canary.release)).toBe(1);
    expect((await listAll(store, agent)).listed.size).toBe(1);
    await store.close();
  });
}

/** Every page of ten. */
export async function listAll(
  store: PinStore,
  agent: AgentName,
): Promise<{ listed: Map<SessionId, Pin>; largest: number }> {
  const listed = new Map<SessionId, Pin>();
  let [after, largest]: [string | null, number] = [null, 0];
  do {
    const page = await store.list(agent, { after, limit: 10 });
    for (const { pin, expiresAt } of page.pins) {
      expect(expiresAt).toBeGreaterThan(0);
      listed.set(pin.session, pin);
    }
    largest = Math.max(largest, page.pins.length);
    after = page.next;
  } while (after !== null);
  return { listed, largest };
}
