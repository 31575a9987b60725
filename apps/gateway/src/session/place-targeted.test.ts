import { createMemoryPinStore } from "@perch/adapters/in-memory";
import {
  digestOf,
  mintOverride,
  parseAgentName,
  parseGatewayId,
  parseSessionId,
  type Classification,
  type Override,
  type PinSecrets,
  type Strategy,
} from "@perch/domain";
import { aCanaryRoute, anAgentRoute, aPin, aRoutingTable } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createSessionTargeting } from "../classify/session-targeting.ts";
import { createStrategyCounter } from "../classify/strategy-counts.ts";
import { createCachedPinStore } from "../pins/cached-pin-store.ts";
import { createHeldTable } from "../table/held-table.ts";
import { createPlacementCounts } from "./placement-counts.ts";
import { placeRequest, type PlaceRequestDeps } from "./place-request.ts";
import type { Placement } from "./placement.ts";

const secrets: PinSecrets = ["s".repeat(32)];
const [current, canary] = [digestOf("support 2.3.0"), digestOf("support 2.3.1")];
const refund: Classification = { kind: "intent", intent: "refund.request", confidence: 0.9 };
const USERS: Strategy = { kind: "user", userKey: [{ kind: "header", name: "x-user-id" }] };
const INTENTS: Strategy = {
  kind: "intent",
  include: ["refund.*"],
  minConfidence: 0.8,
  text: [],
  classifier: { kind: "http", name: "router", version: "7", urls: ["http://c"], timeoutMs: 300 },
  auditBp: 0,
};

function setting(strategy: Strategy, ask: () => Promise<Classification> = async () => refund) {
  const clock = { now: 1_000_000, lease: 0 };
  let [sequence, asked] = [0, 0];
  const held = createHeldTable(() => clock.lease);
  const store = createMemoryPinStore(() => clock.now);
  const counter = createStrategyCounter();
  const count = async (): Promise<Classification> => {
    asked += 1;
    return await ask();
  };
  const deps: PlaceRequestDeps = {
    gateway: parseGatewayId("gw-1"),
    held,
    mover: { settle: (pin) => ({ kind: "settled", pin, stay: null }) },
    pins: createCachedPinStore({
      now: () => clock.now,
      maxEntries: 100,
      slack: 0.1,
      mayForget: true,
      onFault: () => {},
      store: {
        ...store,
        claim: async (pin, ttlMs) => await (isAway() ? away() : store.claim(pin, ttlMs)),
        find: async (agent, session) => await (isAway() ? away() : store.find(agent, session)),
      },
    }),
    secrets,
    counts: createPlacementCounts(),
    targeting: createSessionTargeting({ ask: count, counter, random: () => 0 }),
    now: () => (clock.now += 1),
    newId: () => `minted-${(clock.now += 1)}`,
  };
  let isBroken = false;
  const isAway = (): boolean => isBroken;
  const publish = (weightBp: number | null): void => {
    sequence += 1;
    const route = anAgentRoute({ canary: weightBp === null ? null : aCanaryRoute({ weightBp, strategy }) });
    held.offer(aRoutingTable({ revision: { epoch: 1, sequence }, agents: [route] }));
  };
  publish(10_000);
  return {
    clock,
    store,
    publish,
    breakStore: () => void (isBroken = true),
    asked: () => asked,
    counts: () => counter.counts()[0]?.sessions ?? {},
    place: async (headers: Readonly<Record<string, string>>) => {
      const head = { method: "POST", path: "/support/chat", query: "", header: (name: string) => headers[name] };
      return placed(await placeRequest({ head, peekBody: async () => "{}", peekFrame: null }, deps));
    },
  };
}

async function away(): Promise<never> {
  throw new Error("away");
}

function placed(placement: Placement): Extract<Placement, { kind: "placed" }> {
  if (placement.kind === "placed") return placement;
  throw new Error(JSON.stringify(placement.refusal));
}

const headerOf = ({ ownHeaders }: ReturnType<typeof placed>, name: string): string =>
  ownHeaders.find((_value, index) => ownHeaders[index - 1] === name && index % 2 === 1) ?? "";

function token(session: string): string {
  const override: Override = {
    id: "t",
    agent: parseAgentName("support"),
    release: "2.3.1",
    session: parseSessionId(session),
    expiresAt: 1_050_000,
  };
  return mintOverride(override, 1_000_000, secrets);
}

describe("where users are drawn", () => {
  test("a session of a named user is drawn and compared, one of nobody is neither", async () => {
    const { place, counts } = setting(USERS);
    const named = await place({ "x-session-id": "a", "x-user-id": "ada" });
    expect([named.pin.release, named.isAssigned]).toEqual([canary, true]);
    const nobody = await place({ "x-session-id": "b" });
    expect([nobody.pin.release, nobody.pin.rollout, nobody.isAssigned]).toEqual([current, null, false]);
    expect(counts()).toEqual({ keyed: 1, unkeyed: 1 });
  });

  test("a session stays where it is when its user logs in, out, or becomes another", async () => {
    const { place, counts } = setting(USERS);
    await place({ "x-session-id": "a" });
    const later = await place({ "x-session-id": "a", "x-user-id": "ada" });
    expect([later.pin.release, later.isFirst]).toEqual([current, false]);
    expect(counts()).toEqual({ unkeyed: 1 });
  });

  test("requests that name no session are a session each, and all of one user meet one arm", async () => {
    const { place, publish } = setting(USERS);
    publish(5000);
    const calls = [];
    for (let call = 0; call < 20; call += 1) calls.push(await place({ "x-user-id": "ada" }));
    expect(new Set(calls.map(({ pin }) => pin.session)).size).toBe(20);
    expect(new Set(calls.map(({ pin }) => pin.release)).size).toBe(1);
  });
});

describe("where intents are drawn", () => {
  test("the first turn is classified, and no later one", async () => {
    const { place, asked, counts } = setting(INTENTS);
    for (let turn = 0; turn < 3; turn += 1) expect((await place({ "x-session-id": "a" })).pin.release).toBe(canary);
    expect(asked()).toBe(1);
    expect(counts()).toEqual({ eligible: 1 });
  });

  test("a session that another gateway pinned is not classified", async () => {
    const { place, store, asked } = setting(INTENTS);
    const pin = aPin({ session: parseSessionId("a"), release: current });
    await store.claim(pin, 60_000);
    expect((await place({ "x-session-id": "a" })).pin).toEqual(pin);
    expect(asked()).toBe(0);
  });

  test("a session whose client brings its pin is not classified, and keeps why it is where it is", async () => {
    const first = await setting(INTENTS).place({ "x-session-id": "a" });
    const other = setting(INTENTS);
    other.breakStore();
    const { pin } = await other.place({ "x-session-id": "a", "x-perch-pin": headerOf(first, "x-perch-pin") });
    expect(pin).toEqual(first.pin);
    expect(other.asked()).toBe(0);
  });

  test("a session whose release a token chose is not classified, counted or compared", async () => {
    const { place, asked, counts } = setting(INTENTS);
    const { pin, isAssigned } = await place({ "x-session-id": "a", "x-perch-override": token("a") });
    expect([pin.release, pin.override, pin.targeting, isAssigned]).toEqual([canary, "t", null, false]);
    expect([asked(), counts()]).toEqual([0, {}]);
  });

  test("a new session is classified and placed while the store is away", async () => {
    const { place, breakStore } = setting(INTENTS);
    breakStore();
    expect((await place({ "x-session-id": "a" })).pin).toMatchObject({
      release: canary,
      targeting: { outcome: "eligible" },
    });
  });

  test("nobody meets the canary who was classified while it was taken away", async () => {
    let answer: (said: Classification) => void = () => {};
    const { place, publish } = setting(INTENTS, () => new Promise((resolve) => (answer = resolve)));
    const waiting = place({ "x-session-id": "a" });
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    publish(null);
    answer(refund);
    expect((await waiting).pin).toMatchObject({ release: current, rollout: null, bucket: null, targeting: null });
  });

  test("nobody meets the canary whose classifier answered after the lease had run out", async () => {
    let answer: (said: Classification) => void = () => {};
    const { place, clock } = setting(INTENTS, () => new Promise((resolve) => (answer = resolve)));
    const waiting = place({ "x-session-id": "a" });
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    clock.lease += 20_000;
    answer(refund);
    expect((await waiting).pin).toMatchObject({ release: current, rollout: null });
  });
});

describe.each([USERS, INTENTS])("where the strategy is $kind", (strategy) => {
  const named = { "x-session-id": "a", "x-user-id": "ada" };

  test("a token reaches a release at weight 0, and nothing is drawn, counted or compared", async () => {
    const { place, publish, counts } = setting(strategy);
    publish(0);
    expect((await place({ ...named, "x-session-id": "b" })).pin).toMatchObject({ release: current, weightBp: 0 });
    const { pin, isAssigned } = await place({ ...named, "x-perch-override": token("a") });
    expect(pin).toMatchObject({ release: canary, override: "t", rollout: null, targeting: null });
    expect([isAssigned, Object.values(counts())]).toEqual([false, [1]]);
  });

  test("a client that brings its pin stays on its release while the store is away, though the weight fell", async () => {
    const { place, publish } = setting(strategy);
    const first = await place(named);
    publish(0);
    const other = setting(strategy);
    other.publish(0);
    other.breakStore();
    const { pin } = await other.place({ ...named, "x-perch-pin": headerOf(first, "x-perch-pin") });
    expect([first.pin.release, pin]).toEqual([canary, first.pin]);
  });

  test("nobody new meets the canary of a gateway that was cut off, and whoever is there stays", async () => {
    const { place, clock } = setting(strategy);
    await place(named);
    clock.lease += 20_000;
    expect((await place({ ...named, "x-session-id": "b" })).pin).toMatchObject({ release: current, rollout: null });
    expect((await place(named)).pin.release).toBe(canary);
  });
});
