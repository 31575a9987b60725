import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readMastra } from "./read-mastra.ts";
import { resolveTrace } from "./resolve-trace.ts";

const length = { scoreOf: (text: string) => text.length };

function read(type: string, entries: Record<string, AttributeValue> = {}, change: Partial<RawSpan> = {}) {
  return readMastra(aRawSpanWith({ "mastra.span.type": type, ...entries }, change), length) ?? [];
}

test.each([
  ["agent_run", "turn"],
  ["workflow_run", "turn"],
  ["model_generation", "reasoning"],
  ["model_inference", "reasoning"],
  ["tool_call", "tool"],
  ["mcp_tool_call", "tool"],
  ["provider_tool_call", "tool"],
  ["model_step", "other"],
  ["model_chunk", "other"],
  ["something_new", "other"],
])("%s is %s", (type, kind) => {
  expect(read(type)).toMatchObject([{ kind, dialect: "mastra" }]);
});

test("a model call: reasons as JSON, cached tokens within the input, the first token as a moment", () => {
  const [span] = read(
    "model_generation",
    {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt",
      "gen_ai.response.finish_reasons": '["tool-calls"]',
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.cache_read.input_tokens": 60,
      "gen_ai.usage.output_tokens": 30,
      "gen_ai.usage.reasoning_tokens": 12,
      "mastra.completion_start_time": "2026-11-23T03:16:44.750Z",
    },
    { startedAt: Date.UTC(2026, 10, 23, 3, 16, 44, 500) },
  );
  expect(span).toMatchObject({ inputTokens: 100, cachedInputTokens: 60, outputTokens: 30, reasoningTokens: 12 });
  expect(span).toMatchObject({ finishReason: "tool_calls", firstTokenMs: 250 });
});

test("an agent's run that has an output is answered; its words are under its own name", () => {
  const input = { "mastra.agent_run.input": '[{"role":"user","content":"hello"}]', "gen_ai.agent.name": "support" };
  expect(read("agent_run", input)).toMatchObject([{ agent: "support", userSentiment: 5 }]);
  const spans = read("agent_run", { ...input, "mastra.agent_run.output": '{"text":"hi"}' });
  expect(spans.map((span) => span.kind)).toEqual(["turn", "response"]);
  expect(read("agent_run", { "mastra.agent_run.input": "hello" })[0]?.userSentiment).toBe(5);
});

test("where each step has a model call of its own, what is around the steps is none", () => {
  const around = read("model_generation", { "gen_ai.operation.name": "model_generation" }, { spanId: "a".repeat(16) });
  const step = read("model_step", {}, { spanId: "b".repeat(16), parentSpanId: "a".repeat(16) });
  const usage = { "gen_ai.usage.input_tokens": 9 };
  const calls = ["c", "d"].flatMap((id) =>
    read(
      "model_inference",
      { "gen_ai.operation.name": "chat", ...usage },
      { spanId: id, parentSpanId: "b".repeat(16) },
    ),
  );
  expect(around).toMatchObject([{ kind: "other", name: "model_generation" }]);
  expect(resolveTrace([...around, ...step, ...calls]).actions).toMatchObject([{ inputTokens: 9 }, { inputTokens: 9 }]);
});

test("an error type that says nothing gives way to the class of what was thrown", () => {
  const exception = { name: "exception", at: 0, attributes: new Map([["exception.type", "RefundError"]]) };
  const [span] = read("tool_call", { "error.type": "unknown" }, { status: "error", events: [exception] });
  expect(span?.errorType).toBe("RefundError");
});

test("the steps of a model call are no calls beside it", () => {
  const call = read("model_generation", { "gen_ai.usage.input_tokens": 9 }, { spanId: "a".repeat(16) });
  const step = read("model_step", {}, { spanId: "b".repeat(16), parentSpanId: "a".repeat(16) });
  expect(resolveTrace([...call, ...step]).actions).toMatchObject([{ kind: "reasoning", inputTokens: 9 }]);
});

test("an error has Mastra's id as its type", () => {
  const error = { "error.type": "AGENT_STREAM_ERROR", "error.message": "it broke" };
  expect(read("tool_call", error, { status: "error" })).toMatchObject([
    { isError: true, errorType: "AGENT_STREAM_ERROR", errorMessage: "it broke" },
  ]);
});

test("a tool that refused its input says so in its result", () => {
  const refused = { "gen_ai.tool.name": "refund", "gen_ai.tool.call.result": '{"error":true,"message":"no amount"}' };
  expect(read("tool_call", refused)).toMatchObject([{ isError: true, errorType: "tool_error" }]);
});
