import { createMemoryPinStore, createMemoryTurnOutbox } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import {
  digestOf,
  mintOverride,
  movePin,
  parseAgentName,
  parseGatewayId,
  parseSessionId,
  parseSessionLearners,
  signPin,
  type AgentRoute,
  type Override,
  type PinSecrets,
  type PinStore,
} from "@perch/domain";
import { aCanaryRoute, aMove, anAgentRoute, aPin, aRoutingTable } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSessionTargeting } from "../classify/session-targeting.ts";
import { createStrategyCounter } from "../classify/strategy-counts.ts";
import { createMoveLog } from "../moves/move-log.ts";
import { createSessionMover } from "../moves/session-mover.ts";
import { createCachedPinStore } from "../pins/cached-pin-store.ts";
import { createHeldTable } from "../table/held-table.ts";
import { createPlacementCounts } from "./placement-counts.ts";
import { placeRequest, type PlaceRequestDeps } from "./place-request.ts";
import type { Placement } from "./placement.ts";

const secrets: PinSecrets = ["s".repeat(32)];
const foreign: PinSecrets = ["f".repeat(32)];
const [agent, session] = [parseAgentName("support"), parseSessionId("s-1")];
const [current, canary] = [digestOf("support 2.3.0"), digestOf("support 2.3.1")];
const IDLE_MS = 60_000;

type Setting = {
  readonly deps: PlaceRequestDeps;
  readonly store: PinStore;
  readonly breakStore: () => void;
  /** Lets the lease run out. */
  readonly cutOff: () => void;
  readonly pass: (ms: number) => void;
  readonly publish: (change: Partial<AgentRoute>) => void;
  readonly place: (headers?: Readonly<Record<string, string>>, path?: string) => Promise<Placement>;
};

function setting(route: Partial<AgentRoute> = {}): Setting {
  let [now, sequence, isBroken] = [1_000_000, 0, false];
  let tick = 0;
  const held = createHeldTable(() => tick);
  const store = createMemoryPinStore(() => now);
  const claim: PinStore["claim"] = async (pin, ttlMs) => {
    if (isBroken) throw new Error("away");
    return await store.claim(pin, ttlMs);
  };
  const cache = { now: () => now, maxEntries: 100, slack: 0.1, mayForget: true, onFault: () => {} };
  const gateway = parseGatewayId("gw-1");
  const mark: PinStore["mark"] = async (turn, markMs) => {
    if (isBroken) throw new Error("away");
    return await store.mark(turn, markMs);
  };
  const pins = createCachedPinStore({ ...cache, store: { ...store, claim, merge: claim, mark } });
  const log = createLog(
    () => {},
    () => 0,
  );
  const outbox = createMemoryTurnOutbox();
  const moves = createMoveLog({ outbox, log });
  let turns = 0;
  const newId = (): string => `turn-${(turns += 1)}`;
  const deps: PlaceRequestDeps = {
    gateway,
    held,
    pins,
    mover: createSessionMover({ gateway, held, pins, moves, now: () => now, newId, log }),
    secrets,
    counts: createPlacementCounts(),
    targeting: createSessionTargeting({
      ask: async () => ({ kind: "unsure", reason: "unreachable" }),
      counter: createStrategyCounter(),
      random: () => 1,
    }),
    now: () => now,
    newId: () => "minted",
  };
  const publish: Setting["publish"] = (change) => {
    sequence += 1;
    held.offer(aRoutingTable({ revision: { epoch: 1, sequence }, agents: [anAgentRoute({ ...route, ...change })] }));
  };
  publish({});
  return {
    deps,
    store,
    publish,
    cutOff: () => {
      tick += 1_000_000;
    },
    breakStore: () => {
      isBroken = true;
    },
    pass: (ms) => {
      now += ms;
    },
    async place(headers = { "x-session-id": session }, path = "/support/chat") {
      const head = { method: "POST", path, query: "", header: (name: string) => headers[name] };
      return await placeRequest({ head, peekBody: async () => "", peekFrame: null }, deps);
    },
  };
}

function placed(placement: Placement): Extract<Placement, { kind: "placed" }> {
  if (placement.kind === "placed") return placement;
  throw new Error(JSON.stringify(placement.refusal));
}

const headerOf = (placement: Placement, name: string): string | undefined => {
  const { ownHeaders } = placed(placement);
  return ownHeaders.find((_value, index) => ownHeaders[index - 1] === name && index % 2 === 1);
};
const refusalOf = (placement: Placement): unknown => (placement.kind === "refused" ? placement.refusal.code : null);
const atCanary = { canary: aCanaryRoute({ weightBp: 10_000 }) };

describe("a session that is to be moved", () => {
  const evict = { moves: [aMove({ from: current, to: canary, mode: "evict" })] };

  test("is placed where it goes, with a pin for its client, and what the client kept from before loses", async () => {
    const { place, publish, deps } = setting();
    const before = headerOf(await place(), "x-perch-pin") ?? "";
    publish(evict);
    const moved = await place({ "x-session-id": session, "x-perch-pin": before });
    expect(placed(moved).pin).toMatchObject({ release: canary, moved: { from: current, times: 1 } });
    const after = headerOf(moved, "x-perch-pin") ?? "";
    expect(after).not.toBe(before);
    publish({ moves: [] });
    const again = await place({ "x-session-id": session, "x-perch-pin": before });
    expect([placed(again).pin.release, headerOf(again, "x-perch-pin")]).toEqual([canary, after]);
    expect(deps.counts.counts().signedPins.outvoted).toBe(2);
  });

  test("is refused while nobody knows where it is, unless its client brings the pin of after the move", async () => {
    const one = setting(evict);
    const first = await one.place();
    const two = setting(evict);
    two.breakStore();
    expect(refusalOf(await two.place())).toBe("move_unconfirmed");
    const pinned = await two.place({ "x-session-id": session, "x-perch-pin": headerOf(first, "x-perch-pin") ?? "" });
    expect(placed(pinned).pin).toEqual(placed(first).pin);
  });

  test("is not held by a turn that is refused", async () => {
    const { place, store } = setting({
      moves: [aMove({ from: current, to: canary, phase: "prepared" })],
      releases: [],
    });
    expect(refusalOf(await place())).toBe("release_gone");
    expect((await store.mark({ agent, session, turn: "probe" }, 1)).others).toBe(0);
  });

  test("is found in the store by a gateway that no longer hears of moves", async () => {
    const { place, store, cutOff } = setting();
    const { pin } = placed(await place());
    const move = aMove({ from: current, to: canary });
    const by = { move, arm: "canary", boundary: "agent", revision: pin.revision, now: 5 } as const;
    const next = movePin(pin, { ...by, gateway: parseGatewayId("gw-2") });
    await store.move({ from: current, pin: next, turn: null }, IDLE_MS);
    expect(placed(await place()).pin.release).toBe(current);
    cutOff();
    expect(placed(await place()).pin).toEqual(next);
  });
});

describe("a signed pin", () => {
  test("is given with the first answer only, as header and cookie", async () => {
    const { place, pass } = setting();
    const first = await place();
    pass(1);
    const signed = headerOf(first, "x-perch-pin");
    expect(signed).toMatch(/^pin1\./);
    expect(headerOf(first, "set-cookie")).toBe(
      `perch_pin=${signed}; Max-Age=60; Path=/support; HttpOnly; SameSite=Lax`,
    );
    expect(headerOf(await place(), "x-perch-pin")).toBeUndefined();
  });

  test("has a cookie for TLS only when the client came by TLS", async () => {
    const { place } = setting();
    const cookie = headerOf(await place({ "x-session-id": "s", "x-forwarded-proto": "https" }), "set-cookie");
    expect(cookie).toMatch(/; Secure$/);
  });

  test.each(["header", "cookie"])("that comes back as %s keeps the session where no store can", async (how) => {
    const before = setting(atCanary);
    const signed = headerOf(await before.place(), "x-perch-pin") ?? "";
    const after = setting();
    after.breakStore();
    const echo = how === "header" ? { "x-perch-pin": signed } : { cookie: `a=b; perch_pin=${signed}` };
    const { pin, isAssigned } = placed(await after.place({ "x-session-id": session, ...echo }));
    expect(pin).toMatchObject({ release: canary, rollout: "support-2-3-1", seed: null });
    expect(isAssigned).toBe(false);
    expect(after.deps.counts.counts().signedPins).toMatchObject({ accepted: 1 });
  });

  test("brings its seed along while the rollout is under way", async () => {
    const { place, breakStore } = setting(atCanary);
    const signed = headerOf(await place(), "x-perch-pin") ?? "";
    const other = setting(atCanary);
    other.breakStore();
    breakStore();
    const { pin } = placed(await other.place({ "x-session-id": session, "x-perch-pin": signed }));
    expect(pin.seed).toBe("seed");
  });

  test("is outvoted by a store that holds another release, and replaced", async () => {
    const { place, store, deps } = setting();
    await store.claim(aPin({ session, release: current }), IDLE_MS);
    const signed = signPin(aPin({ session, release: canary, arm: "canary" }), 2_000_000, secrets);
    const answer = await place({ "x-session-id": session, "x-perch-pin": signed });
    expect(placed(answer).pin.release).toBe(current);
    expect(headerOf(answer, "x-perch-pin")).not.toBe(signed);
    expect(deps.counts.counts().signedPins).toMatchObject({ outvoted: 1, accepted: 0 });
  });

  test("is given anew when a tenth of its time is over, and not before", async () => {
    const { place, pass } = setting();
    const signed = headerOf(await place(), "x-perch-pin") ?? "";
    const again = () => place({ "x-session-id": session, "x-perch-pin": signed });
    pass(0.09 * IDLE_MS);
    expect(headerOf(await again(), "x-perch-pin")).toBeUndefined();
    pass(0.02 * IDLE_MS);
    expect(headerOf(await again(), "x-perch-pin")).toMatch(/^pin1\./);
  });

  test.each([
    ["of another session", signPin(aPin({ release: canary }), 2_000_000, secrets), "foreign"],
    ["of another secret", signPin(aPin({ session, release: canary }), 2_000_000, foreign), "foreign"],
    ["that has expired", signPin(aPin({ session, release: canary }), 1, secrets), "expired"],
    ["that is noise", "\u0000".repeat(5000), "foreign"],
  ])("%s is ignored, counted and replaced", async (_what, signed, kind) => {
    const { place, deps } = setting();
    const answer = await place({ "x-session-id": session, "x-perch-pin": signed });
    expect(placed(answer).pin.release).toBe(current);
    expect(headerOf(answer, "x-perch-pin")).toMatch(/^pin1\./);
    expect(deps.counts.counts().signedPins).toMatchObject({ [kind]: 1, accepted: 0 });
  });

  test("names a release that is gone: the session is told so, never served by another", async () => {
    const { place } = setting();
    const signed = signPin(aPin({ session, release: digestOf("gone") }), 2_000_000, secrets);
    expect(refusalOf(await place({ "x-session-id": session, "x-perch-pin": signed }))).toBe("release_gone");
  });

  test("of hostile cookies never stops a request", async () => {
    const { place } = setting();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { maxLength: 20 }), async (cookies) => {
        const cookie = cookies.map((value) => `perch_pin=${value}`).join(";");
        expect(placed(await place({ "x-session-id": session, cookie })).pin.release).toBe(current);
      }),
    );
  });
});

describe("an override", () => {
  const token = (change: Partial<Override> = {}, by = secrets): string =>
    mintOverride({ id: "o-1", agent, release: "2.3.1", session: null, expiresAt: 1_060_000, ...change }, 1_000_000, by);

  test("pins a new session to its release, whatever the weights say, and counts in no rollout", async () => {
    const { place, deps, store } = setting({ canary: aCanaryRoute({ weightBp: 0 }) });
    const answer = placed(await place({ "x-session-id": session, "x-perch-override": token() }));
    expect(answer.pin).toMatchObject({ release: canary, arm: "canary", override: "o-1", rollout: null });
    expect(answer.isAssigned).toBe(false);
    expect(headerOf(answer, "x-perch-override")).toBe("applied");
    expect(placed(await place()).pin.release).toBe(canary);
    expect(await store.find(agent, session)).toMatchObject({ override: "o-1" });
    expect(deps.counts.counts().overrides).toEqual({ accepted: 1, ignored: 0 });
  });

  test.each([["2.3.1"], [canary], ["support@2.3.1"], [`support@${canary}`]])("may also name it: %s", async (name) => {
    const { place } = setting();
    const headers = { "x-session-id": session, "x-perch-override": token({ release: name }), "x-perch-release": name };
    expect(placed(await place(headers)).pin.release).toBe(canary);
  });

  test.each<[string, Record<string, string>]>([
    ["without a token", { "x-perch-release": "2.3.1" }],
    ["with a forged token", { "x-perch-override": token({}, foreign) }],
    ["with noise for a token", { "x-perch-override": "ovr1.x.y", "x-perch-release": "2.3.1" }],
    ["with a token of another agent", { "x-perch-override": token({ agent: parseAgentName("sales") }) }],
    ["with a token of another session", { "x-perch-override": token({ session: parseSessionId("s-2") }) }],
    ["with a token for another release", { "x-perch-override": token(), "x-perch-release": "2.3.0" }],
    ["with a signed pin for a token", { "x-perch-override": signPin(aPin(), 1_060_000, secrets) }],
  ])("%s is ignored and counted", async (_what, headers) => {
    const { place, deps } = setting();
    const answer = await place({ "x-session-id": session, ...headers });
    expect(placed(answer).pin).toMatchObject({ release: current, override: null });
    expect(headerOf(answer, "x-perch-override")).toBe("ignored");
    expect(deps.counts.counts().overrides).toEqual({ accepted: 0, ignored: 1 });
  });

  test("that has expired is ignored, and what it pinned stays", async () => {
    const { place, pass } = setting();
    const headers = { "x-session-id": session, "x-perch-override": token({ session, expiresAt: 1_010_000 }) };
    await place(headers);
    pass(10_000);
    expect(placed(await place(headers)).pin.release).toBe(canary);
    expect(placed(await place({ ...headers, "x-session-id": "s-2" })).pin.release).toBe(current);
  });

  test("of a session that is pinned elsewhere is refused: nobody is to take one release for another", async () => {
    const { place } = setting();
    await place();
    expect(refusalOf(await place({ "x-session-id": session, "x-perch-override": token() }))).toBe(
      "session_already_placed",
    );
  });

  test("of a release that is not there is refused with those that are", async () => {
    const { place } = setting();
    const answer = await place({ "x-session-id": session, "x-perch-override": token({ release: "9.9.9" }) });
    expect(answer).toMatchObject({
      kind: "refused",
      refusal: { status: 404, code: "override_release_unknown", message: expect.stringContaining("2.3.0, 2.3.1") },
    });
  });
});

describe("an id learned from an answer", () => {
  const learners = { sessionLearners: parseSessionLearners("openai-responses"), sessionExtractors: [] };
  const json = (name: string): string | undefined => (name === "content-type" ? "application/json" : undefined);

  test("leads later requests to the session, by the release it began with", async () => {
    const { place, publish, deps } = setting({ ...learners, ...atCanary });
    const first = placed(await place({}));
    await first.learner?.head(200, json);
    await first.learner?.chunk(Buffer.from('{"id":"resp_1"}'));
    publish({ canary: null });
    const later = placed(await place({ "x-perch-session": "resp_1" }));
    expect(later.pin).toEqual(first.pin);
    expect(deps.counts.counts().aliasesLearned).toBe(1);
  });

  test("needs an answer that is not packed, unless the client says its session in the head", async () => {
    const { place } = setting(learners);
    expect(placed(await place({})).needsPlainAnswer).toBe(true);
    expect(placed(await place({ "x-perch-session": "own" })).needsPlainAnswer).toBe(false);
    expect(placed(await setting().place({})).needsPlainAnswer).toBe(false);
  });

  test("holds up nothing when there is nothing to learn", async () => {
    const { place } = setting(learners);
    const { learner } = placed(await place({}));
    expect(learner?.head(200, json)).toBeUndefined();
    expect(learner?.chunk(Buffer.from('{"id":"chatcmpl-1"}'))).toBeUndefined();
    expect(placed(await setting().place()).learner).toBeNull();
  });
});

test("an agent that is switched off refuses everybody, sessions under way included", async () => {
  const { place } = setting({ refuses: "it refunds everybody" });
  const message = "agent support is switched off: it refunds everybody";
  for (const headers of [{ "x-session-id": "s-1" }, {}]) {
    const refusal = { status: 503, code: "agent_killed", message };
    expect(await place(headers, "/support/chat")).toMatchObject({ kind: "refused", refusal });
  }
});

test("a request is for the agent of its host", async () => {
  const { place } = setting({ hosts: ["support.example"], pathPrefix: "" });
  expect(placed(await place({ host: "support.example:8080" }, "/chat")).agentPath).toBe("/chat");
  expect(await place({ host: "other.example" }, "/chat")).toMatchObject({
    kind: "refused",
    refusal: { code: "unknown_agent", message: expect.stringContaining('of host "other.example"') },
  });
});

test("the path of an agent is read below its prefix", async () => {
  const { place } = setting({ sessionExtractors: [{ kind: "path", template: "/threads/{session}/runs" }] });
  const answer = placed(await place({}, "/support/threads/t-1/runs"));
  expect([answer.pin.session, answer.agentPath]).toEqual(["t-1", "/threads/t-1/runs"]);
});
