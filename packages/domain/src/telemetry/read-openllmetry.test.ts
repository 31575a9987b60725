import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readOpenLlmetry } from "./read-openllmetry.ts";

const length = { scoreOf: (text: string) => text.length };

function read(entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return readOpenLlmetry(aRawSpanWith(entries, change), length)?.[0];
}

test.each([
  ["workflow", "turn", "execute_tool lookup_order"],
  ["agent", "turn", "execute_tool lookup_order"],
  ["tool", "tool", "execute_tool lookup_order"],
  ["task", "other", "task"],
  ["session", "other", "session"],
  ["unknown", "other", "group"],
])("a %s is %s", (entity, kind, name) => {
  expect(read({ "traceloop.span.kind": entity })).toMatchObject({ kind, name, dialect: "openllmetry" });
});

test.each([
  ["older", { "gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 3 }],
  ["newer", { "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 3, "llm.usage.total_tokens": 12 }],
  ["first", { "llm.usage.prompt_tokens": 9, "llm.usage.completion_tokens": 3 }],
])("a model call with its messages numbered and the %s names of its tokens", (_age, usage) => {
  const span = read({
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "hello",
    "gen_ai.completion.0.finish_reason": "tool_calls",
    ...usage,
  });
  expect(span).toMatchObject({ kind: "reasoning", inputTokens: 9, outputTokens: 3, finishReason: "tool_calls" });
  expect(span?.userSentiment).toBe(5);
});

test("after a tool's answer the user's words are not new, and content in parts is read", () => {
  const asked = { "llm.request.type": "chat", "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hello" };
  expect(read({ ...asked, "gen_ai.prompt.1.role": "tool" })?.userSentiment).toBeNull();
  expect(read({ ...asked, "gen_ai.prompt.0.content": '[{"type":"text","text":"hey"}]' })?.userSentiment).toBe(3);
});

test("the first token came with the first chunk", () => {
  const events = [1250, 1300].map((at) => ({ name: "llm.content.completion.chunk", at, attributes: new Map() }));
  expect(read({ "llm.request.type": "chat" }, { startedAt: 1000, events })?.firstTokenMs).toBe(250);
});

test("an embedding is no model call, and a span of its newer versions is known by operation and scope", () => {
  expect(read({ "llm.request.type": "embedding" })).toMatchObject({ kind: "other" });
  const chat = { "gen_ai.operation.name": "chat" };
  expect(read(chat, { scopeName: "@traceloop/instrumentation-openai" })).toMatchObject({ kind: "reasoning" });
  expect(read(chat)).toBeUndefined();
});

test.each([
  ["an MCP call", { tool_name: "refund", arguments: { id: 1 } }],
  ["a Python function", { args: [], kwargs: { id: 1 } }],
  ["a JavaScript function", { args: [{ id: 1 }], kwargs: {} }],
])("the arguments of %s are found in its wrapping", (_what, input) => {
  const span = read({ "traceloop.span.kind": "tool", "traceloop.entity.input": JSON.stringify(input) });
  expect(span?.tool?.argumentShape).toBe("id:number");
});

test("a tool whose result says is_error has failed, though its status does not say so", () => {
  const span = read(
    { "traceloop.span.kind": "tool", "traceloop.entity.output": '{"result":"no","is_error":true}' },
    { name: "refund.tool" },
  );
  expect(span).toMatchObject({ isError: true, errorType: "tool_error", tool: { name: "refund" } });
});
