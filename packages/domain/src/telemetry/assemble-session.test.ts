import { aMoveRecord, aScore, aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseRolloutId, parseSessionId } from "../routing/ids.ts";
import type { TaskState } from "../routing/turn-record.ts";
import { assembleSession, type AssemblyContext } from "./assemble-session.ts";
import { createPriceList } from "./price-list.ts";
import type { SessionEvidence } from "./session.ts";
import type { Span } from "./span.ts";

const agent = parseAgentName("support");
const session = parseSessionId("session-1");
const context: AssemblyContext = {
  policyOf: () => ({ escalationTools: ["escalate_to_human"], successTools: [] }),
  factsOf: () => null,
  prices: createPriceList([]),
  endedBy: "signal",
  sequence: 7,
  maturedAt: 9000,
};

function assemble(evidence: Partial<SessionEvidence>) {
  return assembleSession({ agent, session, turns: [], moves: [], spans: [], scores: [], ...evidence }, context);
}

function aToolSpan(spanId: string, name: string, change: Partial<Span>) {
  return aSpan({ spanId, tool: aToolCall({ name }), ...change });
}

test("a session that was moved is judged as what it was until then, by its own release", () => {
  const [from, to] = [digestOf("canary"), digestOf("baseline")];
  const traces = ["a", "b", "c"].map((letter) => letter.repeat(32));
  const [one, two, three] = traces;
  const rollout = parseRolloutId("r-1");
  const matured = assemble({
    turns: [
      aTurnRecord({ id: "1", startedAt: 1000, release: from, arm: "canary", rollout, step: 0, traceId: one ?? "" }),
      // By the clock of another gateway it began after the move.
      aTurnRecord({ id: "2", startedAt: 3100, release: from, arm: "canary", rollout, step: 0, traceId: two ?? "" }),
      aTurnRecord({ id: "3", startedAt: 3050, release: to, status: 500, traceId: three ?? "" }),
    ],
    moves: [aMoveRecord({ from, to, at: 3000 })],
    spans: [
      aToolSpan("1", "search", { traceId: one ?? "" }),
      aToolSpan("2", "escalate_to_human", { traceId: three ?? "", isError: true }),
    ],
    scores: [
      aScore({ id: "early", name: "good", value: 1, at: 2000 }),
      aScore({ id: "late", name: "good", value: 0, at: 4000 }),
    ],
  });
  expect(matured).toMatchObject({ arm: "canary", rollout, turns: 2, failedTurns: 0, toolSequence: ["search"] });
  expect(matured).toMatchObject({ isEscalated: false, scores: { good: 1 }, releasesSeen: [from] });
});

test("a session that was moved and came back is still judged up to its first move", () => {
  const [from, to] = [digestOf("canary"), digestOf("baseline")];
  const matured = assemble({
    turns: [
      aTurnRecord({ id: "1", startedAt: 1000, release: from }),
      aTurnRecord({ id: "2", startedAt: 4000, release: to }),
      aTurnRecord({ id: "3", startedAt: 6000, release: from }),
    ],
    moves: [
      aMoveRecord({ id: "b", from: to, to: from, at: 5000, times: 2 }),
      aMoveRecord({ id: "a", from, to, at: 3000 }),
    ],
  });
  expect(matured).toMatchObject({ turns: 1, release: from });
});

test("takes arm, rollout and step from the first turn record", () => {
  const assigned = { rollout: parseRolloutId("r-1"), step: 2, arm: "canary", release: digestOf("canary") } as const;
  const matured = assemble({
    turns: [aTurnRecord({ id: "2", startedAt: 2000 }), aTurnRecord({ id: "1", startedAt: 1000, ...assigned })],
  });
  expect(matured).toMatchObject({ ...assigned, sequence: 7, maturedAt: 9000, startedAt: 1000, endedAt: 2020 });
});

test("names every release that its turn records name", () => {
  const releases = [digestOf("a"), digestOf("b"), digestOf("a")];
  const turns = releases.map((release, index) => aTurnRecord({ id: `${index}`, release, startedAt: index }));
  expect(assemble({ turns })?.releasesSeen).toEqual([digestOf("a"), digestOf("b")]);
});

test("counts turns and failed turns; the record of the end is no turn, and a client that hung up no failure", () => {
  const turns = [
    aTurnRecord({ id: "1", status: 200 }),
    aTurnRecord({ id: "2", status: 502, fault: "upstream_unreachable" }),
    aTurnRecord({ id: "3", status: 499, fault: "client_aborted" }),
    aTurnRecord({ id: "4", kind: "sessionEnd", startedAt: 5000, durationMs: 0 }),
  ];
  expect(assemble({ turns })).toMatchObject({ turns: 3, failedTurns: 1, endedAt: 5000 });
});

test("lists tools in the order of their calls, whatever order they arrived in, and repeated call ids apart", () => {
  const spans = [
    aToolSpan("c", "refund", { startedAt: 30, isError: true }),
    aToolSpan("a", "lookup_order", { startedAt: 10 }),
    aToolSpan("b", "lookup_order", { startedAt: 20 }),
  ];
  expect(assemble({ turns: [aTurnRecord()], spans })).toMatchObject({
    toolSequence: ["lookup_order", "lookup_order", "refund"],
    failedToolCalls: 1,
    isEscalated: false,
  });
});

test("a call of one of the release's escalation tools is an escalation", () => {
  const spans = [aToolSpan("a", "escalate_to_human", {})];
  expect(assemble({ turns: [aTurnRecord()], spans })?.isEscalated).toBe(true);
});

test.each<[string, readonly (TaskState | null)[], boolean]>([
  ["a rejected task was handed back", ["rejected", "completed"], true],
  ["a session that ends waiting for input was left to somebody", ["working", "input-required"], true],
  ["so was one that waits for a permission", ["auth-required", null], true],
  ["a question that was answered is a conversation", ["input-required", "completed"], false],
  ["a task that failed was handed to nobody", ["failed"], false],
  ["no A2A is no escalation", [null], false],
])("%s", (_, states, isEscalated) => {
  const turns = states.map((taskState, index) => aTurnRecord({ id: `${index}`, startedAt: 1000 * index, taskState }));
  expect(assemble({ turns })?.isEscalated).toBe(isEscalated);
});

test("word from outside that a person took over is an escalation, and is shown as no score", () => {
  const scores = [aScore({ name: "perch.escalation", value: 0 }), aScore({ id: "2", name: "helpful", value: 1 })];
  expect(assemble({ turns: [aTurnRecord()], scores })).toMatchObject({ isEscalated: true, scores: { helpful: 1 } });
  expect(Object.keys(assemble({ turns: [aTurnRecord()], scores })?.scores ?? {})).toEqual(["helpful"]);
});

test("an escalation after the session was moved belongs to no arm", () => {
  const moves = [aMoveRecord({ from: aTurnRecord().release, to: digestOf("other"), at: 3000 })];
  const scores = [aScore({ name: "perch.escalation", at: 4000 })];
  expect(assemble({ turns: [aTurnRecord()], moves, scores })?.isEscalated).toBe(false);
});

test("sums tokens and averages the sentiment of the outermost turns that carry one", () => {
  const spans = [
    aSpan({ spanId: "1", kind: "turn", tool: null, startedAt: 1, userSentiment: 0.5 }),
    aSpan({ spanId: "2", kind: "turn", tool: null, startedAt: 2, userSentiment: -1 }),
    aSpan({ spanId: "3", traceId: "b".repeat(32), kind: "turn", tool: null, userSentiment: 0 }),
    aSpan({ spanId: "4", traceId: "c".repeat(32), kind: "turn", tool: null, userSentiment: null }),
    aSpan({ spanId: "5", kind: "reasoning", tool: null, inputTokens: 50, outputTokens: 12 }),
    aSpan({ spanId: "6", kind: "reasoning", tool: null, inputTokens: 80, outputTokens: 20 }),
  ];
  const traceIds = [aTurnRecord().traceId, "b".repeat(32), "c".repeat(32)];
  const turns = traceIds.map((traceId) => aTurnRecord({ id: traceId, traceId }));
  expect(assemble({ turns, spans })).toMatchObject({
    meanSentiment: 0.25,
    inputTokens: 130,
    outputTokens: 32,
  });
});

test("what a trace of the agent's own tells counts in the turn in which it began, and not when that came after a move", () => {
  const [first, second] = [1000, 2000].map((startedAt) =>
    aTurnRecord({ id: `${startedAt}`, traceId: `${startedAt}`, startedAt }),
  );
  const spans = [1500, 2500].map((startedAt) => aSpan({ traceId: `own ${startedAt}`, startedAt }));
  const turns = first === undefined || second === undefined ? [] : [first, second];
  expect(assemble({ turns, spans })?.toolSequence).toEqual(["lookup_order", "lookup_order"]);
  const to = digestOf("other");
  const moved = turns.map((turn, index) => (index === 0 ? turn : { ...turn, release: to }));
  const moves = [aMoveRecord({ from: aTurnRecord().release, to, at: 1900 })];
  expect(assemble({ turns: moved, spans, moves })?.toolSequence).toEqual(["lookup_order"]);
});

test("of two judgements by the same evaluator the later counts", () => {
  const scores = [
    aScore({ id: "2", at: 20, value: 0 }),
    aScore({ id: "1", at: 10, value: 1 }),
    aScore({ id: "3", name: "__proto__", value: 0.5 }),
  ];
  const matured = assemble({ turns: [aTurnRecord()], scores });
  expect(Object.entries(matured?.scores ?? {})).toEqual([
    ["helpful", 0],
    ["__proto__", 0.5],
  ]);
});

test("a session that was only ended never happened", () => {
  expect(assemble({ turns: [aTurnRecord({ kind: "sessionEnd" })], spans: [aSpan()], scores: [aScore()] })).toBeNull();
});

test("the order and the repeats of what arrived never change the session", () => {
  const turns = [1, 2, 3].map((id) =>
    aTurnRecord({ id: `${id}`, startedAt: 1000 * (id % 2), status: 200 + 300 * (id % 2) }),
  );
  const spans = ["a", "b", "c", "d"].map((id, index) =>
    aToolSpan(id, `tool-${id}`, { startedAt: 10 * (index % 2), isError: index === 0 }),
  );
  const scores = ["1", "2"].map((id) => aScore({ id, value: Number(id) }));
  const expected = assemble({ turns, spans, scores });
  const arrivals = <T>(items: readonly T[]) =>
    fc.shuffledSubarray([...items, ...items], { minLength: items.length * 2 });
  fc.assert(
    fc.property(arrivals(turns), arrivals(spans), arrivals(scores), (someTurns, someSpans, someScores) => {
      expect(assemble({ turns: someTurns, spans: someSpans, scores: someScores })).toEqual(expected);
    }),
  );
});
