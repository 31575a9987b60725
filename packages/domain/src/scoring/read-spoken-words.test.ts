import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "../telemetry/raw-span.ts";
import { readSpokenWords, wordsOfTurn } from "./read-spoken-words.ts";

function aSpan(attributes: Record<string, AttributeValue>, change: Partial<RawSpan> = {}): RawSpan {
  return {
    traceId: "t",
    spanId: "s",
    parentSpanId: null,
    name: "",
    kind: "internal",
    scopeName: "",
    scopeVersion: "",
    startedAt: 100,
    durationMs: 50,
    status: "unset",
    statusMessage: "",
    attributes: new Map(Object.entries(attributes)),
    resource: new Map(),
    events: [],
    ...change,
  };
}

const said = (attributes: Record<string, AttributeValue>) => {
  const words = readSpokenWords(aSpan(attributes));
  return words === null ? null : [words.user, words.answer];
};

test.each<[string, Record<string, AttributeValue>]>([
  [
    "AI SDK",
    { "ai.prompt": '{"messages":[{"role":"user","content":"Where is it?"}]}', "ai.response.text": "On its way." },
  ],
  [
    "OpenTelemetry",
    {
      "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Where is it?"}]}]',
      "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"On its way."}]}]',
    },
  ],
  [
    "OpenInference",
    { "openinference.span.kind": "CHAIN", "input.value": "Where is it?", "output.value": "On its way." },
  ],
  [
    "LangGraph",
    {
      "openinference.span.kind": "CHAIN",
      "input.value": '{"messages":[{"type":"human","content":"Where is it?"}]}',
      "output.value":
        '{"messages":[{"type":"human","content":"Where is it?"},{"type":"ai","content":""},{"type":"ai","content":"On its way."}]}',
    },
  ],
  [
    "Mastra",
    { "mastra.agent_run.input": "Where is it?", "mastra.agent_run.output": '{"text":"On its way.","files":[]}' },
  ],
  [
    "LangSmith",
    {
      "gen_ai.prompt": '{"messages":[{"role":"user","content":"Where is it?"}]}',
      "gen_ai.completion": '{"choices":[{"message":{"role":"assistant","content":"On its way."}}]}',
    },
  ],
])("%s: what the user asked, and what the agent said", (_dialect, attributes) => {
  expect(said(attributes)).toEqual(["Where is it?", "On its way."]);
});

test.each<[string, Record<string, AttributeValue>]>([
  ["a tool", { "gen_ai.operation.name": "execute_tool", "input.value": "x", "output.value": "y" }],
  ["a retriever", { "openinference.span.kind": "RETRIEVER", "input.value": "x", "output.value": "y" }],
  ["a span without contents", { "gen_ai.operation.name": "chat" }],
  [
    "a model that only asks for a tool",
    { "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call"}]}]' },
  ],
  ["JSON that was cut in the middle", { "output.value": '[{"role":"assist' }],
])("%s says nothing to anybody", (_what, attributes) => {
  expect(said(attributes)).toBeNull();
});

test("of a turn the first words of the user and the last of the agent count", () => {
  const one = { traceId: "t", spanId: "a", startedAt: 0, endedAt: 100, user: "Where is it?", answer: "On its way." };
  const inner = { ...one, spanId: "b", startedAt: 10, endedAt: 50, user: "tool result", answer: "let me look" };
  expect(wordsOfTurn([inner, one])).toEqual({ user: "Where is it?", answer: "On its way." });
  expect(wordsOfTurn([])).toEqual({ user: null, answer: null });
});
