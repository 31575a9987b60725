import { aScore, aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import type { TaskState } from "../routing/turn-record.ts";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import { assembleSession } from "./assemble-session.ts";
import { createPriceList } from "./price-list.ts";
import type { ReleaseFacts } from "./release-facts.ts";
import type { SessionEvidence } from "./session.ts";
import type { SessionMeasures } from "./session-measures.ts";
import type { Span, ToolCall } from "./span.ts";

const key = { agent: parseAgentName("support"), session: parseSessionId("session-1") };
const policy = { escalationTools: ["escalate_to_human"], successTools: ["refund"] };
const [FIRST, SECOND] = ["a".repeat(32), "b".repeat(32)];

const prices = createPriceList([
  {
    version: "1",
    currency: "USD",
    prices: [
      { provider: "openai", model: "big", input: 2, cachedInput: 0.5, output: 8 },
      { provider: "openai", model: "small", input: 0.1, cacheWriteInput: 0.2, output: 1 },
    ],
  },
]);
const facts: ReleaseFacts = {
  digest: digestOf("support 2.3.0"),
  model: { provider: "openai", model: "small" },
  tools: [
    {
      name: "refund",
      parameters: true,
      parametersDigest: digestOf("refund's own"),
      effect: "write",
      lifecycle: { cancel: null, transfer: null },
    },
  ],
};

function measuresOf(evidence: Partial<SessionEvidence>, successTools: readonly string[] = []): SessionMeasures {
  const turns = evidence.turns ?? [aTurnRecord({ traceId: FIRST })];
  const session = assembleSession(
    { ...key, moves: [], spans: [], scores: [], ...evidence, turns },
    {
      policyOf: () => ({ ...policy, successTools }),
      factsOf: () => facts,
      prices,
      endedBy: "signal",
      sequence: 1,
      maturedAt: 9000,
    },
  );
  if (session === null) throw new Error("a session without any turn has no measures");
  return session.measures;
}

let spans = 0;
/** The next tool call of the first turn. */
function aCall(name: string, call: Partial<ToolCall> = {}, change: Partial<Span> = {}): Span {
  spans += 1;
  return aSpan({
    traceId: FIRST,
    spanId: `${spans}`,
    startedAt: 1000 + spans,
    tool: aToolCall({ name, ...call }),
    ...change,
  });
}

function aModelCall(change: Partial<Span> = {}): Span {
  return aCall("", {}, { kind: "reasoning", tool: null, ...change });
}

test("a session lasts from its first request to the end of its last record", () => {
  const turns = [
    aTurnRecord({ id: "2", startedAt: 5000, durationMs: 400, firstByteMs: 300 }),
    aTurnRecord({ id: "1", startedAt: 1000, durationMs: 90, firstByteMs: 7 }),
    aTurnRecord({ id: "3", startedAt: 5500, durationMs: 60, firstByteMs: null }),
    aTurnRecord({ id: "end", kind: "sessionEnd", startedAt: 6000, durationMs: 5000 }),
  ];
  expect(measuresOf({ turns })).toMatchObject({
    durationMs: 10_000,
    slowestTurnMs: 400,
    firstResponseMs: 7,
    slowestFirstByteMs: 300,
  });
});

test("a first turn without an answer has no first response, whatever later ones have", () => {
  const turns = [aTurnRecord({ id: "1", firstByteMs: null }), aTurnRecord({ id: "2", startedAt: 2000 })];
  expect(measuresOf({ turns })).toMatchObject({ firstResponseMs: null, firstTokenMs: null, slowestFirstByteMs: 5 });
});

test("the first token is counted from the outermost span of its turn, by the agent's clock alone", () => {
  const turn = aSpan({ traceId: FIRST, spanId: "turn", kind: "turn", tool: null, startedAt: 77_000, durationMs: 500 });
  const call = aModelCall({ parentSpanId: "turn", startedAt: 77_040, firstTokenMs: 12 });
  const later = aModelCall({ parentSpanId: "turn", startedAt: 77_100, firstTokenMs: 3 });
  expect(measuresOf({ spans: [later, call, turn] })).toMatchObject({ firstTokenMs: 52, firstResponseMs: 5 });
});

test("where no span tells of a first token, the first byte is the next best", () => {
  expect(measuresOf({ spans: [aModelCall()] }).firstTokenMs).toBe(5);
});

test("a model call that two instrumentations tell of is one step", () => {
  const outer = aModelCall();
  const inner = aModelCall({ parentSpanId: outer.spanId });
  expect(measuresOf({ spans: [inner, outer, aModelCall()] }).steps).toBe(2);
});

test("each tool has its calls and its failures, also one with the name of a part of every object", () => {
  const calls = [aCall("lookup"), aCall("lookup", {}, { isError: true }), aCall("constructor"), aCall("__proto__")];
  expect(Object.entries(measuresOf({ spans: calls }).toolCalls)).toEqual([
    ["lookup", { calls: 2, failed: 1, invalidArguments: 0 }],
    ["constructor", { calls: 1, failed: 0, invalidArguments: 0 }],
    ["__proto__", { calls: 1, failed: 0, invalidArguments: 0 }],
  ]);
});

test("a retry is a call of what has just failed; what worked, and what the user asked for again, is none", () => {
  const failed = { isError: true };
  const inOneTurn = [aCall("refund", {}, failed), aCall("lookup"), aCall("refund", {}, failed), aCall("refund")];
  expect(measuresOf({ spans: inOneTurn }).retries).toBe(2);
  const turns = [aTurnRecord({ id: "1", traceId: FIRST }), aTurnRecord({ id: "2", traceId: SECOND })];
  const inTwo = [aCall("refund", {}, failed), aCall("refund", {}, { traceId: SECOND }), aCall("refund")];
  expect(measuresOf({ turns, spans: inTwo }).retries).toBe(1);
});

test("a model call after one that failed is a retry", () => {
  expect(measuresOf({ spans: [aModelCall({ isError: true }), aModelCall(), aModelCall()] }).retries).toBe(1);
});

test("a loop is a tool called again and again with the same arguments in one turn", () => {
  const same = { argumentsDigest: "sha256:1" };
  const other = { argumentsDigest: "sha256:2" };
  const run = [aCall("find", same), aModelCall(), aCall("find", same), aCall("find", same), aCall("find", other)];
  expect(measuresOf({ spans: run }).loops).toBe(2);
  const broken = [aCall("find", same), aCall("open", same), aCall("find", same), aCall("find"), aCall("find")];
  expect(measuresOf({ spans: broken }).loops).toBe(0);
  expect(measuresOf({}).loops).toBe(0);
});

test("argument shapes are tools with their keys, each once; unknown arguments have none", () => {
  const calls = [
    aCall("refund", { argumentShape: "amount:number,order_id:string" }),
    aCall("refund", { argumentShape: "amount:string,order_id:string" }),
    aCall("ping", { argumentShape: "" }),
    aCall("odd", { argumentShape: "a:b:number,…" }),
    aCall("refund"),
  ];
  expect(measuresOf({ spans: calls }).argumentShapes).toEqual(["odd(a:b,…)", "ping()", "refund(amount,order_id)"]);
});

test("the intent is what the classifier said at first contact", () => {
  const turns = [
    aTurnRecord({ id: "2", startedAt: 2000, intent: "other" }),
    aTurnRecord({ id: "1", intent: "refund" }),
  ];
  expect(measuresOf({ turns }).intent).toBe("refund");
  expect(measuresOf({}).intent).toBeNull();
});

test("a call of a tool of success that worked is a success, and a session without one a failure", () => {
  expect(measuresOf({ spans: [aCall("refund")] }, ["refund"]).outcome).toBe("success");
  expect(measuresOf({ spans: [aCall("refund", {}, { isError: true })] }, ["refund"]).outcome).toBe("failure");
  expect(measuresOf({ spans: [aCall("refund")] }).outcome).toBeNull();
});

test("what was said of the outcome counts more than what the tools tell, the last word most", () => {
  const said = (label: string | null, value: number, at = 5) =>
    aScore({ id: `${at}`, name: "outcome", at, label, value });
  const worked = [aCall("refund")];
  expect(measuresOf({ spans: worked, scores: [said("failure", 1)] }, ["refund"]).outcome).toBe("failure");
  expect(measuresOf({ scores: [said("success", 0.2, 9), said("failure", 0)] }).outcome).toBe("success");
  expect(measuresOf({ scores: [said(null, 0.4)] }).outcome).toBe("failure");
  expect(measuresOf({ scores: [said("great", 0.5)] }).outcome).toBe("success");
});

test("a session costs what its model calls cost, each by its own price, whatever was cached", () => {
  const big = { provider: "openai", model: "big", inputTokens: 1_000_000, outputTokens: 500_000 };
  const cached = { ...big, cachedInputTokens: 400_000, outputTokens: 0 };
  const written = { provider: "openai", model: "small", inputTokens: 2_000_000, cacheWriteInputTokens: 1_000_000 };
  const costOf = (...calls: readonly Partial<Span>[]) =>
    measuresOf({ spans: calls.map((call) => aModelCall(call)) }).costUsd;
  expect(costOf(big)).toBeCloseTo(6, 9);
  expect(costOf(cached)).toBeCloseTo(1.4, 9);
  expect(costOf(written)).toBeCloseTo(0.3, 9);
  expect(costOf(big, cached, written)).toBeCloseTo(7.7, 9);
});

test("a call that two instrumentations tell of costs once", () => {
  const outer = aModelCall({ provider: "openai", model: "big", inputTokens: 1_000_000 });
  const inner = aModelCall({ ...outer, spanId: "inner", parentSpanId: outer.spanId });
  expect(measuresOf({ spans: [inner, outer] }).costUsd).toBe(2);
});

test("a call that names no model is of the release's own", () => {
  expect(measuresOf({ spans: [aModelCall({ inputTokens: 1_000_000 })] })).toMatchObject({
    costUsd: 0.1,
    unpricedModels: [],
  });
});

test("a model without a price makes the cost unknown, never smaller, and is named", () => {
  const known = aModelCall({ provider: "openai", model: "big", inputTokens: 5 });
  const others = ["zeta", "alpha", "zeta"].map((model) => aModelCall({ provider: "openai", model, outputTokens: 1 }));
  expect(measuresOf({ spans: [known, ...others] })).toMatchObject({ costUsd: null, unpricedModels: ["alpha", "zeta"] });
});

test("without any model call, and without any tokens, the cost is not known rather than nothing", () => {
  expect(measuresOf({})).toMatchObject({ costUsd: null, unpricedModels: [] });
  expect(measuresOf({ spans: [aModelCall()] })).toMatchObject({ costUsd: null, unpricedModels: [], steps: 1 });
});

test("arguments are judged by the release's own schema alone", () => {
  const invalidUnder = [digestOf("refund's own"), digestOf("another release's")].toSorted();
  const calls = [
    aCall("refund", { invalidUnder }),
    aCall("refund", { invalidUnder: [digestOf("another release's")] }),
    aCall("refund"),
    aCall("unknown", { invalidUnder }),
  ];
  expect(measuresOf({ spans: calls }).toolCalls).toEqual({
    refund: { calls: 3, failed: 0, invalidArguments: 1 },
    unknown: { calls: 1, failed: 0, invalidArguments: 0 },
  });
});

test("a call that two instrumentations tell of is invalid when one of them saw that it was", () => {
  const outer = aCall("refund");
  const inner = aCall("refund", { invalidUnder: [digestOf("refund's own")] }, { parentSpanId: outer.spanId });
  expect(measuresOf({ spans: [inner, outer] }).toolCalls).toEqual({
    refund: { calls: 1, failed: 0, invalidArguments: 1 },
  });
});

const turnsLeft = (...states: readonly (TaskState | null)[]) =>
  states.map((taskState, index) => aTurnRecord({ id: `${index}`, startedAt: 1000 * index, taskState }));

test("without any word or tool, the end of the last A2A task is the outcome", () => {
  expect(measuresOf({ turns: turnsLeft("failed", "completed", null) }).outcome).toBe("success");
  expect(measuresOf({ turns: turnsLeft("completed", "failed") }).outcome).toBe("failure");
  expect(measuresOf({ turns: turnsLeft("rejected") }).outcome).toBe("failure");
  expect(measuresOf({ turns: turnsLeft("working", "canceled") }).outcome).toBeNull();
  expect(measuresOf({ turns: turnsLeft("completed") }, ["refund"]).outcome).toBe("failure");
  const worked = [aCall("refund", {}, { traceId: aTurnRecord().traceId })];
  expect(measuresOf({ turns: turnsLeft("failed"), spans: worked }, ["refund"]).outcome).toBe("success");
});
