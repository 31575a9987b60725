import { aSpan, aToolCall } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { resolveTrace } from "./resolve-trace.ts";
import type { Span, SpanKind } from "./span.ts";

/** A span, `id in parent` or just `id`, which began later the later it stands in a test. */
function span(place: string, kind: SpanKind, change: Partial<Span> = {}): Span {
  clock += 1;
  const [id = "", parent = null] = place.split(" in ");
  const tool = kind === "tool" ? aToolCall() : null;
  return aSpan({ spanId: id, parentSpanId: parent, kind, startedAt: clock, durationMs: 1, tool, ...change });
}
let clock = 0;

function rolesOf(spans: readonly Span[]): Record<string, string> {
  return Object.fromEntries(resolveTrace(spans).spans.map((one) => [one.span.spanId, one.role]));
}

const usage = { inputTokens: 100, outputTokens: 10 };
const named = (name: string) => ({ tool: aToolCall({ name }) });

test("a model call inside a model call is the same call, also through groups, chains and HTTP, and is counted once", () => {
  const spans = [
    span("framework", "reasoning", { ...usage, model: "m" }),
    span("chain in framework", "turn"),
    span("http in chain", "other", { dialect: null }),
    span("sdk in http", "reasoning", { ...usage, cachedInputTokens: 8, finishReason: "stop" }),
    span("gateway in sdk", "reasoning", usage),
  ];
  const { actions, spans: resolved } = resolveTrace(spans);
  expect(actions).toMatchObject([{ spanId: "framework", ...usage, cachedInputTokens: 8, finishReason: "stop" }]);
  expect(resolved.map(({ duplicateOf }) => duplicateOf)).toEqual([null, null, null, "framework", "framework"]);
});

test("what the outer span lacks comes from within, and tokens that were told of twice in there only once", () => {
  const spans = [
    span("outer", "reasoning"),
    span("middle in outer", "reasoning", usage),
    span("inner in middle", "reasoning", { ...usage, provider: "anthropic" }),
  ];
  expect(resolveTrace(spans).actions).toMatchObject([{ ...usage, provider: "anthropic" }]);
});

test("a model call that was tried again spent the tokens of both attempts, and did not fail", () => {
  const spans = [
    span("outer", "reasoning"),
    span("first in outer", "reasoning", { isError: true, finishReason: "error", inputTokens: 100 }),
    span("second in outer", "reasoning", { ...usage, finishReason: "stop" }),
  ];
  expect(resolveTrace(spans).actions).toMatchObject([{ isError: false, inputTokens: 200, finishReason: "stop" }]);
});

test("an error whose type says nothing has the type of the error inside", () => {
  const spans = [
    span("outer", "reasoning", { isError: true, errorType: "Error", errorMessage: "529" }),
    span("inner in outer", "reasoning", { isError: true, errorType: "overloaded_error" }),
  ];
  expect(resolveTrace(spans).actions).toMatchObject([{ errorType: "overloaded_error", errorMessage: "529" }]);
});

test("a tool call told of by agent, MCP client and MCP server is one call, which failed if any of them says so", () => {
  const spans = [
    span("agent", "tool", { ...named("orders_refund"), dialect: "ai-sdk" }),
    span("client in agent", "tool", { ...named("refund"), dialect: "mcp" }),
    span("http in client", "other"),
    span("server in http", "tool", { ...named("refund"), dialect: "mcp", isError: true, errorType: "tool_error" }),
  ];
  const { actions } = resolveTrace(spans);
  expect(actions).toMatchObject([{ spanId: "agent", isError: true, errorType: "tool_error" }]);
  expect(actions[0]?.tool?.name).toBe("orders_refund");
});

test("another tool inside a tool is a call of its own, as is one whose name merely ends alike", () => {
  const spans = [
    span("a", "tool", named("plan")),
    span("b in a", "tool", named("lookup_order")),
    span("c", "tool", { ...named("bigrefund"), dialect: "ai-sdk" }),
    span("d in c", "tool", { ...named("refund"), dialect: "mcp" }),
  ];
  expect(rolesOf(spans)).toEqual({ a: "action", b: "action", c: "action", d: "action" });
});

test("model calls inside a tool are real, and so is that tool when the model inside calls it again", () => {
  const spans = [
    span("call", "reasoning"),
    span("tool in call", "tool"),
    span("inside in tool", "reasoning"),
    span("again in inside", "tool"),
  ];
  expect(Object.values(rolesOf(spans))).toEqual(["action", "action", "action", "action"]);
});

test("the outermost that can be a turn is the turn, behind any parent; an agent inside is a sub-agent", () => {
  const spans = [
    span("http in somewhere else", "other", { dialect: null }),
    span("turn in http", "turn", { agent: "support" }),
    span("call in turn", "reasoning"),
    span("tool in turn", "tool", named("ask_billing")),
    span("helper in tool", "turn", { agent: "billing" }),
    span("its call in helper", "reasoning"),
    span("chain in turn", "turn"),
  ];
  expect(rolesOf(spans)).toEqual({
    http: "group",
    turn: "turn",
    call: "action",
    tool: "action",
    helper: "subAgent",
    "its call": "action",
    chain: "group",
  });
});

test("a workflow around an agent is that agent's turn; an agent that calls itself by a tool is a sub-agent", () => {
  const spans = [
    span("workflow", "turn"),
    span("agent in workflow", "turn", { agent: "support" }),
    span("twin in agent", "turn", { agent: "support" }),
    span("tool in agent", "tool"),
    span("again in tool", "turn", { agent: "support" }),
  ];
  expect(resolveTrace(spans).turns).toMatchObject([{ spanId: "workflow", agent: "support" }]);
  expect(rolesOf(spans)).toMatchObject({ agent: "duplicate", twin: "duplicate", again: "subAgent" });
});

test("an agent at work inside a model call makes model calls of its own", () => {
  const spans = [
    span("turn", "turn", { agent: "router" }),
    span("call in turn", "reasoning"),
    span("transferred in call", "turn", { agent: "billing" }),
    span("its call in transferred", "reasoning"),
  ];
  expect(rolesOf(spans)).toMatchObject({ call: "action", transferred: "subAgent", "its call": "action" });
});

test("a use of memory inside one of the same kind is the same", () => {
  const spans = [
    span("search", "memory_read"),
    span("vectors in search", "memory_read"),
    span("write in search", "memory_write"),
  ];
  expect(rolesOf(spans)).toEqual({ search: "action", vectors: "duplicate", write: "action" });
});

const TURN = span("turn", "turn", { agent: "support" });
const asksForTool = { ...usage, finishReason: "tool_calls" };
const answers = { ...usage, finishReason: "stop" };

test.each([
  [
    "the last model call answered",
    [span("a in turn", "reasoning", asksForTool), span("b in turn", "reasoning", answers)],
    1,
  ],
  ["the last model call asked for a tool", [span("a in turn", "reasoning", asksForTool)], 0],
  [
    "the last model call failed",
    [span("a in turn", "reasoning", answers), span("b in turn", "reasoning", { isError: true })],
    0,
  ],
  ["only a model call inside a tool answered", [span("t in turn", "tool"), span("a in t", "reasoning", answers)], 0],
  ["the model broke off without a word", [span("a in turn", "reasoning")], 0],
  ["it answered without saying why it stopped", [span("a in turn", "reasoning", usage)], 1],
] as const)("a turn whose dialect does not say has a response when %s", (_what, calls, expected) => {
  const { responses } = resolveTrace([TURN, ...calls]);
  expect(responses.map(({ kind, spanId, parentSpanId }) => [kind, spanId, parentSpanId])).toEqual(
    expected === 1 ? [["response", "turn-response", "turn"]] : [],
  );
});

test("a response that the dialect tells of is the turn's, and one of a sub-agent is not", () => {
  const spans = [
    { ...TURN, dialect: "ai-sdk" } as const,
    span("tool in turn", "tool"),
    span("helper in tool", "turn", { agent: "billing", dialect: "ai-sdk" }),
    span("helper-response in helper", "response"),
  ];
  expect(resolveTrace(spans).responses).toEqual([]);
  const brokenOff = span("call in turn", "reasoning", usage);
  expect(resolveTrace([...spans, brokenOff]).responses).toEqual([]);
  expect(resolveTrace([...spans, span("turn-response in turn", "response")]).responses).toMatchObject([
    { spanId: "turn-response" },
  ]);
});

test("the mood is that of the outermost turn, else of the first model call outside of tools", () => {
  const tool = [span("tool in turn", "tool"), span("inside in tool", "reasoning", { userSentiment: -1 })];
  const call = span("call in turn", "reasoning", { userSentiment: 0.25 });
  expect(resolveTrace([{ ...TURN, userSentiment: 0.5 }, ...tool, call]).userSentiment).toBe(0.5);
  expect(resolveTrace([TURN, ...tool, call]).userSentiment).toBe(0.25);
  expect(resolveTrace([TURN, ...tool]).userSentiment).toBeNull();
});

test("no order, no repeats, no missing parents and no cycles of spans ever change or lose the result", () => {
  const id = fc.integer({ min: 0, max: 8 }).map(String);
  const anySpan = fc
    .record({
      id,
      parent: fc.option(id),
      kind: fc.constantFrom<SpanKind>("turn", "reasoning", "tool", "memory_read", "response", "other"),
      startedAt: fc.integer({ min: 0, max: 3 }),
      durationMs: fc.integer({ min: 0, max: 3 }),
      agent: fc.constantFrom(null, "a", "b"),
    })
    .map(({ id: spanId, parent, ...change }) =>
      span(change.kind === "response" ? `${spanId}-response` : spanId, change.kind, {
        ...change,
        parentSpanId: parent,
      }),
    );
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (spans, dice) => {
      const expected = resolveTrace(spans);
      const shuffled = [...spans, ...spans].map((one) => ({ one, at: dice.next().value }));
      const again = resolveTrace(shuffled.toSorted((a, b) => a.at - b.at).map(({ one }) => one));
      expect(again).toEqual(expected);
      const ids = new Set(spans.filter((one) => one.kind !== "response").map((one) => one.spanId));
      expect(expected.spans).toHaveLength(ids.size);
    }),
    { numRuns: 500 },
  );
});

test("of spans that are their own ancestors the earliest is the root, wherever others hang on", () => {
  const spans = [span("tail in b", "other"), span("a in c", "other"), span("b in a", "other"), span("c in b", "other")];
  expect(resolveTrace(spans).spans.map((one) => [one.span.spanId, one.depth])).toEqual([
    ["a", 0],
    ["b", 1],
    ["tail", 2],
    ["c", 2],
  ]);
  expect(resolveTrace([span("own in own", "other")]).spans).toMatchObject([{ depth: 0 }]);
});

test("of two spans with one id the longer counts: it was sent again when it had ended", () => {
  const begun = span("a", "reasoning", { durationMs: 9, inputTokens: 99 });
  const ended = { ...begun, durationMs: 10, inputTokens: 9 };
  expect(resolveTrace([ended, begun]).actions).toMatchObject([{ inputTokens: 9 }]);
});

test("a trace as deep as it has spans, and one that is a single circle, are resolved in no time", () => {
  const size = 50_000;
  const deep = Array.from({ length: size }, (_, index) => span(`${index} in ${index - 1}`, "reasoning"));
  expect(resolveTrace(deep).actions).toHaveLength(1);
  const circle = deep.map((one, index) => (index === 0 ? { ...one, parentSpanId: `${size - 1}` } : one));
  expect(resolveTrace(circle).actions).toMatchObject([{ spanId: "0" }]);
  const { spans } = resolveTrace(circle);
  expect(spans.at(-1)?.depth).toBe(size - 1);
});
