import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readLangfuse } from "./read-langfuse.ts";

const length = { scoreOf: (text: string) => text.length };

function read(type: string, entries: Record<string, AttributeValue> = {}, change: Partial<RawSpan> = {}) {
  return readLangfuse(aRawSpanWith({ "langfuse.observation.type": type, ...entries }, change), length)?.[0];
}

test.each([
  ["generation", "reasoning"],
  ["tool", "tool"],
  ["agent", "turn"],
  ["chain", "turn"],
  ["retriever", "memory_read"],
  ["span", "other"],
  ["embedding", "other"],
  ["guardrail", "other"],
  ["something new", "other"],
])("%s is %s", (type, kind) => {
  expect(read(type)).toMatchObject({ kind, dialect: "langfuse" });
});

test("a span of no kind that holds the trace's input began the turn", () => {
  const input = { "langfuse.trace.input": '{"messages":[{"role":"user","content":"hello"}]}' };
  expect(read("span", input)).toMatchObject({ kind: "turn", userSentiment: 5 });
});

function usage(details: Record<string, number>) {
  return read("generation", { "langfuse.observation.usage_details": JSON.stringify(details) });
}

test("what is in the bag of usage is billed by itself, so cached and reasoning tokens are beside input and output", () => {
  const details = { input: 20, cache_read_input_tokens: 60, cache_creation_input_tokens: 20 };
  expect(usage({ ...details, output: 18, output_reasoning_tokens: 12 })).toMatchObject({
    inputTokens: 100,
    cachedInputTokens: 60,
    cacheWriteInputTokens: 20,
    outputTokens: 30,
    reasoningTokens: 12,
  });
  expect(usage({ input: 70, input_cached_tokens: 30, output: 30, total: 130 })?.inputTokens).toBe(100);
});

test("a total that is just input and output has counted the cached ones in", () => {
  expect(usage({ input: 100, input_cached_tokens: 60, output: 30, total: 130 })).toMatchObject({
    inputTokens: 100,
    cachedInputTokens: 60,
  });
});

test("the level ERROR is an error, though the status is not", () => {
  const error = { "langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "REFUND_LIMIT" };
  expect(read("tool", error, { name: "refund" })).toMatchObject({
    isError: true,
    errorMessage: "REFUND_LIMIT",
    tool: { name: "refund" },
  });
});

test("the moment of the first token is a text in quotes", () => {
  const at = { "langfuse.observation.completion_start_time": '"2026-11-23T03:16:44.750Z"' };
  const startedAt = Date.UTC(2026, 10, 23, 3, 16, 44, 500);
  expect(read("generation", at, { startedAt })?.firstTokenMs).toBe(250);
  expect(read("generation", { "langfuse.observation.completion_start_time": "soon" })?.firstTokenMs).toBeNull();
});

test("a model call that asked for tools says so in its output", () => {
  const output = JSON.stringify({ role: "assistant", tool_calls: [{ id: "1" }] });
  expect(read("generation", { "langfuse.observation.output": output })?.finishReason).toBe("tool_calls");
});
