import {
  parseRolloutId,
  parseSessionExtractors,
  type AgentRoute,
  type Candidate,
  type Classification,
  type IntentTargeting,
  type Pin,
  type Strategy,
} from "@perch/domain";
import { aCanaryRoute, anAgentRoute, aPin, aRoutingTable } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createRouteIndex, type RoutedAgent } from "../table/route-index.ts";
import type { AgentRequest } from "./read-utterance.ts";
import { createSessionTargeting, type SessionTargeting } from "./session-targeting.ts";
import { createStrategyCounter, type StrategyCounter } from "./strategy-counts.ts";

const rollout = parseRolloutId("support-2-3-1");

function agentWith(strategy: Strategy, change: Partial<AgentRoute> = {}): RoutedAgent {
  const route = anAgentRoute({ canary: aCanaryRoute({ strategy }), ...change });
  const agent = createRouteIndex(aRoutingTable({ agents: [route] })).agents.get(route.agent);
  if (agent === undefined) throw new Error("no agent");
  return agent;
}

type Said = { readonly headers?: Readonly<Record<string, string>>; readonly body?: string; readonly frame?: string };

function aRequest({ headers = {}, body = "", frame }: Said): AgentRequest & { readonly peeked: string[] } {
  const peeked: string[] = [];
  const peek = (what: string, text: string) => async () => {
    peeked.push(what);
    return text;
  };
  return {
    head: { method: "POST", path: "/support/chat", query: "", header: (name) => headers[name] },
    agentPath: "/chat",
    peekBody: peek("body", body),
    peekFrame: frame === undefined ? null : peek("frame", frame),
    peeked,
  };
}

const unsure: Classification = { kind: "unsure", reason: "unreachable" };

function targeting(
  said: Classification = unsure,
  random = 0,
): { targeting: SessionTargeting; counter: StrategyCounter } {
  const counter = createStrategyCounter();
  return { targeting: createSessionTargeting({ ask: async () => said, counter, random: () => random }), counter };
}

const byRules = (change: Partial<Extract<Strategy, { kind: "intent" }>> = {}): Strategy => ({
  kind: "intent",
  include: ["refund.*"],
  minConfidence: 0.8,
  text: [],
  classifier: {
    kind: "rules",
    name: "support-intents",
    version: "3",
    rules: [
      { intent: "refund.request", confidence: 0.9, when: [{ kind: "words", anyOf: ["refund"] }] },
      { intent: "billing", confidence: 0.9, when: [{ kind: "words", anyOf: ["bill"] }] },
    ],
  },
  auditBp: 100,
  ...change,
});

describe("a user", () => {
  const users: Strategy = {
    kind: "user",
    userKey: ["header:x-user-id", "json:/user", "wsFrame:/user"].flatMap(parseSessionExtractors),
  };
  type Found = { readonly id: string | null; readonly place: string | null; readonly peeked: readonly string[] };
  const cases: readonly [string, Said, Found][] = [
    [
      "in the first place",
      { headers: { "x-user-id": "ada" }, body: '{"user":"eve"}' },
      { id: "ada", place: "header:x-user-id", peeked: [] },
    ],
    ["in the body", { body: '{"user":7}' }, { id: "7", place: "json:/user", peeked: ["body"] }],
    [
      "in a first message",
      { headers: { "content-type": "x/y" }, frame: '{"user":"ada"}' },
      { id: "ada", place: "wsFrame:/user", peeked: ["frame"] },
    ],
    ["nowhere", { body: "{}" }, { id: null, place: null, peeked: ["body"] }],
    ["where nothing usable is", { body: '{"user":{}}' }, { id: null, place: null, peeked: ["body"] }],
    [
      "in more than a user's id",
      { headers: { "x-user-id": "x".repeat(501) } },
      { id: null, place: null, peeked: ["body"] },
    ],
  ];
  test.each(cases)("%s is found there, and nothing is read without need", async (_, said, { id, place, peeked }) => {
    const request = aRequest(said);
    const candidate = await targeting().targeting.candidateOf(request, agentWith(users));
    const key = id === null ? null : { kind: "user", id };
    expect(candidate).toEqual({ key, targeting: { kind: "user", rollout, place } });
    expect(request.peeked).toEqual(peeked);
  });
});

describe("an intent", () => {
  const candidateOf = async (said: Said, strategy = byRules()): Promise<Candidate | null> =>
    await targeting().targeting.candidateOf(aRequest(said), agentWith(strategy));

  test("that is included makes a session eligible", async () => {
    expect(await candidateOf({ body: '{"message":"a refund, please"}' })).toEqual({
      key: { kind: "session" },
      targeting: {
        kind: "intent",
        rollout,
        classifier: "support-intents@3",
        outcome: "eligible",
        intent: "refund.request",
        confidence: 0.9,
      },
    });
  });

  test.each([
    ['{"message":"my bill"}', { outcome: "notIncluded", intent: "billing" }],
    ['{"message":"hello"}', { outcome: "noIntent", intent: null }],
    ["{", { outcome: "noIntent" }],
  ])("in %s leaves it out", async (body, found) => {
    expect(await candidateOf({ body })).toMatchObject({ key: null, targeting: found });
  });

  test("is looked for where the file says that the user's words stand", async () => {
    const text = parseSessionExtractors("json:/said/0");
    const body = '{"message":"nothing","said":["a refund"]}';
    expect(await candidateOf({ body }, byRules({ text }))).toMatchObject({ targeting: { outcome: "eligible" } });
  });

  test("of a WebSocket is heard only where the client is known to speak first", async () => {
    const request = aRequest({ frame: "a refund" });
    const said = await targeting().targeting.candidateOf(request, agentWith(byRules()));
    expect([said?.targeting, request.peeked]).toMatchObject([{ outcome: "noIntent" }, []]);
    const speaksFirst = agentWith(byRules(), { sessionExtractors: parseSessionExtractors("wsFrame:/session") });
    for (const frame of ["a refund", '{"session":"s","message":"a refund"}']) {
      expect(await targeting().targeting.candidateOf(aRequest({ frame }), speaksFirst)).toMatchObject({
        targeting: { outcome: "eligible" },
      });
    }
    const text = parseSessionExtractors("wsFrame:/said");
    expect(await candidateOf({ frame: '{"said":"a refund"}' }, byRules({ text }))).toMatchObject({
      targeting: { outcome: "eligible" },
    });
  });

  test("is not looked for in an upload", async () => {
    const request = aRequest({ headers: { "content-type": "multipart/form-data; boundary=x" }, body: "refund" });
    await targeting().targeting.candidateOf(request, agentWith(byRules()));
    expect(request.peeked).toEqual([]);
  });
});

test("where sessions are drawn by their ids, nothing is read", async () => {
  const request = aRequest({});
  expect(await targeting().targeting.candidateOf(request, agentWith({ kind: "session" }))).toBeNull();
  expect(request.peeked).toEqual([]);
});

describe("a later turn", () => {
  const assigned = (change: Partial<IntentTargeting> = {}): Pin =>
    aPin({
      targeting: {
        kind: "intent",
        rollout,
        classifier: "support-intents@3",
        outcome: "eligible",
        intent: "refund.request",
        confidence: 0.9,
        ...change,
      },
    });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const later = async (said: string, pin: Pin, random = 0): Promise<unknown> => {
    const { targeting: own, counter } = targeting(unsure, random);
    await own.continued(aRequest({ body: JSON.stringify({ message: said }) }), agentWith(byRules()), pin);
    await settle();
    return counter.counts()[0]?.audit ?? null;
  };

  test("about the same is agreed, about something else misrouted, and about nothing unsure", async () => {
    expect(await later("that refund", assigned())).toMatchObject({ sampled: 1, agreed: 1, misrouted: 0, byIntent: [] });
    expect(await later("my bill", assigned())).toMatchObject({
      sampled: 1,
      misrouted: 1,
      byIntent: [{ assigned: "refund.request", found: "billing", eligible: false, turns: 1 }],
    });
    expect(await later("a refund", assigned({ outcome: "noIntent", intent: null }))).toMatchObject({
      misrouted: 1,
      byIntent: [{ assigned: null, found: "refund.request", eligible: true, turns: 1 }],
    });
    expect(await later("yes", assigned())).toMatchObject({ sampled: 1, unsure: 1, misrouted: 0 });
  });

  test("is looked at as often as the file says", async () => {
    expect(await later("my bill", assigned(), 0.00999)).toMatchObject({ sampled: 1 });
    expect(await later("my bill", assigned(), 0.01)).toBeNull();
  });

  test("of a session that another rollout placed is left alone", async () => {
    expect(await later("my bill", assigned({ rollout: parseRolloutId("earlier") }))).toBeNull();
    expect(await later("my bill", aPin())).toBeNull();
  });

  test("waits for no classifier, and is left alone while four are being looked at", async () => {
    const answers: ((said: Classification) => void)[] = [];
    const counter = createStrategyCounter();
    const ask = async () => await new Promise<Classification>((resolve) => answers.push(resolve));
    const own = createSessionTargeting({ ask, counter, random: () => 0 });
    const http: Strategy = byRules({
      classifier: { kind: "http", name: "support-intents", version: "3", urls: ["http://c"], timeoutMs: 300 },
    });
    for (let turn = 0; turn < 6; turn += 1) await own.continued(aRequest({ body: "{}" }), agentWith(http), assigned());
    expect(counter.counts()[0]?.audit).toMatchObject({ sampled: 0, dropped: 2 });
    for (const answer of answers) answer({ kind: "intent", intent: "refund.status", confidence: 1 });
    await settle();
    expect(counter.counts()[0]?.audit).toMatchObject({ sampled: 4, agreed: 4, dropped: 2 });
  });
});

test("new sessions are counted by rollout and by what became of them", () => {
  const { targeting: own, counter } = targeting();
  for (const place of ["jwt:sub", "jwt:sub", null]) own.placed(aPin({ targeting: { kind: "user", rollout, place } }));
  own.placed(aPin());
  expect(counter.counts()).toEqual([
    { agent: "support", rollout, kind: "user", sessions: { keyed: 2, unkeyed: 1 }, audit: null },
  ]);
});
