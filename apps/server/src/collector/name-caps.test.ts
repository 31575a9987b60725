import { aSpan, aToolCall } from "@perch/testkit";
import { expect, test } from "vitest";
import { createNameCaps, OVERFLOW_NAME, type CappedField } from "./name-caps.ts";

const MOST = { tool: 2, arguments: 2, model: 2, agent: 2, error: 2, span: 2 };

function toolSpan(tool: string) {
  return aSpan({ name: "execute_tool", model: null, tool: aToolCall({ name: tool }) });
}

function capTools(names: readonly string[], isDeclared = (_name: string) => false) {
  const overflowed: CappedField[] = [];
  const spans = createNameCaps(isDeclared, MOST).cap(names.map(toolSpan), (field) => overflowed.push(field));
  return { tools: spans.map((span) => span.tool?.name), overflowed };
}

test("names beyond the cap share one bucket; those known before it was reached stay apart", () => {
  expect(capTools(["refund", "lookup", "x-1", "refund", "x-2", "lookup"])).toEqual({
    tools: ["refund", "lookup", OVERFLOW_NAME, "refund", OVERFLOW_NAME, "lookup"],
    overflowed: ["tool", "tool"],
  });
});

test("a tool that a release's policy names never ends in the bucket", () => {
  const { tools } = capTools(["a", "b", "c", "escalate"], (name) => name === "escalate");
  expect(tools).toEqual(["a", "b", OVERFLOW_NAME, "escalate"]);
});

test("each kind of name has a cap of its own, and a span without a tool or model stays without", () => {
  const caps = createNameCaps(() => false, MOST);
  const overflowed: CappedField[] = [];
  const names = ["one", "two", "three"];
  const spans = names.map((name) => aSpan({ name, model: name, agent: name, errorType: name, tool: null }));
  const capped = caps.cap(spans, (field) => overflowed.push(field));
  expect(capped.map(({ name, model, agent, errorType, tool }) => [name, model, agent, errorType, tool])).toEqual([
    ["one", "one", "one", "one", null],
    ["two", "two", "two", "two", null],
    [OVERFLOW_NAME, OVERFLOW_NAME, OVERFLOW_NAME, OVERFLOW_NAME, null],
  ]);
  expect(overflowed).toEqual(["span", "model", "agent", "error"]);
});

test("a hundred thousand tool names cost a thousand", () => {
  const caps = createNameCaps(() => false);
  const seen = new Set<string>();
  for (let index = 0; index < 100_000; index += 1000) {
    const spans = Array.from({ length: 1000 }, (_, at) => toolSpan(`order-${index + at}`));
    for (const span of caps.cap(spans, () => undefined)) seen.add(span.tool?.name ?? "");
  }
  expect(seen.size).toBe(1001);
});

test("a name of a megabyte is cut", () => {
  expect(capTools(["y".repeat(1_000_000)]).tools[0]).toHaveLength(200);
});
