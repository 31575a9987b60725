import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readLangSmith } from "./read-langsmith.ts";

const length = { scoreOf: (text: string) => text.length };

function read(kind: string, entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return readLangSmith(aRawSpanWith({ "langsmith.span.kind": kind, ...entries }, change), length)?.[0];
}

test.each([
  ["llm", "chat", "reasoning"],
  ["tool", "execute_tool", "tool"],
  ["chain", "chain", "turn"],
  ["retriever", "embeddings", "memory_read"],
  ["prompt", "chat", "other"],
  ["embedding", "embeddings", "other"],
  ["parser", "parser", "other"],
])("a run of the kind %s, which it calls the operation %s, is %s", (run, operation, kind) => {
  expect(read(run, { "gen_ai.operation.name": operation })).toMatchObject({ kind, dialect: "langsmith" });
});

test("a model call: reasons joined by commas, and details of tokens in JSON of its own", () => {
  const span = read("llm", {
    "gen_ai.request.model": "gpt",
    "gen_ai.response.finish_reasons": "tool_calls, stop",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 30,
    "langsmith.usage_metadata": JSON.stringify({
      input_tokens: 100,
      input_token_details: { cache_read: 60, cache_creation: 20 },
      output_token_details: { reasoning: 12 },
    }),
  });
  expect(span).toMatchObject({ finishReason: "tool_calls", inputTokens: 100, outputTokens: 30, cachedInputTokens: 60 });
  expect(span).toMatchObject({ cacheWriteInputTokens: 20, reasoningTokens: 12 });
});

test("tokens that only its own JSON has are read from there", () => {
  const usage = JSON.stringify({ input_tokens: 9, output_tokens: 3 });
  expect(read("llm", { "langsmith.usage_metadata": usage })).toMatchObject({ inputTokens: 9, outputTokens: 3 });
});

test("a tool's arguments lie wrapped in its input, and its failure in the message that answers it", () => {
  const output = {
    lc: 1,
    id: ["langchain_core", "messages", "ToolMessage"],
    kwargs: { status: "error", tool_call_id: "c" },
  };
  const span = read("tool", {
    "gen_ai.tool.name": "refund",
    "gen_ai.prompt": JSON.stringify({ input: '{"amount":1}' }),
    "gen_ai.completion": JSON.stringify({ output }),
  });
  expect(span).toMatchObject({ isError: true, errorType: "tool_error" });
  expect(span?.tool).toMatchObject({ name: "refund", callId: "c", argumentShape: "amount:number" });
});

test("its status is always OK: a failure is an exception event alone", () => {
  const exception = { name: "exception", at: 0, attributes: new Map([["exception.message", "REFUND_LIMIT_EXCEEDED"]]) };
  const failed = read("tool", {}, { status: "ok", events: [exception] });
  expect(failed).toMatchObject({ isError: true, errorMessage: "REFUND_LIMIT_EXCEEDED" });
  expect(read("tool", {}, { status: "ok" })?.isError).toBe(false);
});

test("a node of a graph is a link, and the run that bears the agent's name is the agent", () => {
  const inGraph = { "langsmith.metadata.langgraph_node": "tools", "langsmith.metadata.lc_agent_name": "support" };
  expect(read("chain", { ...inGraph, "langsmith.trace.name": "tools" })).toMatchObject({ kind: "other" });
  expect(read("chain", { ...inGraph, "langsmith.trace.name": "support" })).toMatchObject({
    kind: "turn",
    agent: "support",
  });
});

test("the user's words are those of LangChain's messages", () => {
  const messages = [
    [
      { id: ["langchain_core", "messages", "SystemMessage"], kwargs: { content: "be kind" } },
      { id: ["langchain_core", "messages", "HumanMessage"], kwargs: { content: "hello" } },
    ],
  ];
  expect(read("chain", { "gen_ai.prompt": JSON.stringify({ messages }) })?.userSentiment).toBe(5);
});
