import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readOpenInference } from "./read-openinference.ts";

const length = { scoreOf: (text: string) => text.length };

function read(kind: string, entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return readOpenInference(aRawSpanWith({ "openinference.span.kind": kind, ...entries }, change), length)?.[0];
}

test.each([
  ["LLM", "reasoning"],
  ["TOOL", "tool"],
  ["AGENT", "turn"],
  ["CHAIN", "turn"],
  ["RETRIEVER", "memory_read"],
  ["EMBEDDING", "other"],
  ["RERANKER", "other"],
  ["GUARDRAIL", "other"],
  ["EVALUATOR", "other"],
  ["PROMPT", "other"],
  ["SOMETHING NEW", "other"],
])("%s is %s", (openInference, kind) => {
  expect(read(openInference, {})).toMatchObject({ kind, dialect: "openinference" });
});

test("a model call's tokens, its cached and its reasoning ones, and when the first of them came", () => {
  const span = read(
    "LLM",
    {
      "llm.token_count.prompt": 100,
      "llm.token_count.completion": 30,
      "llm.token_count.prompt_details.cache_read": 60,
      "llm.token_count.prompt_details.cache_write": 20,
      "llm.token_count.completion_details.reasoning": 12,
    },
    { startedAt: 1000, events: [{ name: "First Token Stream Event", at: 1250, attributes: new Map() }] },
  );
  expect(span).toMatchObject({ inputTokens: 100, outputTokens: 30, cachedInputTokens: 60, cacheWriteInputTokens: 20 });
  expect(span).toMatchObject({ reasoningTokens: 12, firstTokenMs: 250 });
});

test("tool calls that only the raw output has are a reason to have stopped", () => {
  expect(read("LLM", { "output.value": '{"message":{"tool_calls":[{"id":"1"}]}}' })?.finishReason).toBe("tool_calls");
  expect(read("LLM", { "output.value": '{"message":{"tool_calls":[]}}' })?.finishReason).toBeNull();
});

test("an error in an exception event alone is an error", () => {
  const exception = new Map([
    ["exception.type", "RateLimitError"],
    ["exception.message", "slow down"],
  ]);
  expect(read("LLM", {}, { events: [{ name: "exception", at: 0, attributes: exception }] })).toMatchObject({
    isError: true,
    errorType: "RateLimitError",
    errorMessage: "slow down",
  });
});

test("a LangChain tool message of the status error is a failed call, in both forms that it is written in", () => {
  const lc = {
    lc: 1,
    id: ["langchain_core", "messages", "ToolMessage"],
    kwargs: { status: "error", tool_call_id: "c1" },
  };
  const plain = { type: "tool", status: "error", tool_call_id: "c1" };
  for (const output of [lc, plain]) {
    const span = read("TOOL", { "tool.name": "refund", "output.value": JSON.stringify({ output }) });
    expect(span).toMatchObject({ isError: true, errorType: "tool_error", tool: { name: "refund", callId: "c1" } });
  }
});

test("an error in what a tool looked up is no error of the tool", () => {
  const found = JSON.stringify({ rows: [{ error: true, status: "error" }], status: "error" });
  expect(read("TOOL", { "output.value": found })?.isError).toBe(false);
});

test("a tool's user message in parts is read, a tool's answer in the user's name is not", () => {
  const message = "llm.input_messages.0.message";
  const parts = {
    [`${message}.role`]: "user",
    [`${message}.contents.0.message_content.type`]: "image",
    [`${message}.contents.1.message_content.type`]: "text",
    [`${message}.contents.1.message_content.text`]: "hello",
  };
  expect(read("LLM", parts)?.userSentiment).toBe(5);
  const answer = { [`${message}.role`]: "user", [`${message}.tool_call_id`]: "c1", [`${message}.content`]: "result" };
  expect(read("LLM", answer)?.userSentiment).toBeNull();
});

test("a node of a graph is a link; a graph that is a node is the agent that it is named after", () => {
  const metadata = JSON.stringify({ langgraph_node: "billing", lc_agent_name: "billing" });
  expect(read("CHAIN", { metadata }, { name: "tools" })).toMatchObject({ kind: "other", name: "chain" });
  expect(read("CHAIN", { metadata }, { name: "billing" })).toMatchObject({ kind: "turn", agent: "billing" });
});

test("plain input is what the user said", () => {
  const input = { "input.value": "where is it?", "input.mime_type": "text/plain" };
  expect(read("AGENT", input, { name: "support" })).toMatchObject({ agent: "support", userSentiment: 12 });
});
