import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readOtelGenAi } from "./read-otel-genai.ts";

const length = { scoreOf: (text: string) => text.length };

function read(entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return readOtelGenAi(aRawSpanWith(entries, change), length);
}

function first(entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return read(entries, change)?.[0];
}

test.each([
  ["chat", "reasoning"],
  ["text_completion", "reasoning"],
  ["generate_content", "reasoning"],
  ["invoke_agent", "turn"],
  ["invoke_workflow", "turn"],
  ["execute_tool", "tool"],
  ["retrieval", "memory_read"],
  ["search_memory", "memory_read"],
  ["create_memory", "memory_write"],
  ["update_memory", "memory_write"],
  ["upsert_memory", "memory_write"],
  ["delete_memory", "memory_write"],
  ["delete_memory_store", "memory_write"],
  ["create_agent", "other"],
  ["embeddings", "other"],
  ["plan", "other"],
  ["toString", "other"],
])("the operation %s is %s", (operation, kind) => {
  expect(first({ "gen_ai.operation.name": operation })).toMatchObject({ kind, dialect: "otel-genai" });
});

test("a model call of the current conventions is read whole", () => {
  const span = first({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude",
    "gen_ai.response.model": "claude-5",
    "gen_ai.agent.name": "support",
    "gen_ai.response.finish_reasons": ["tool_use"],
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 60,
    "gen_ai.usage.cache_creation.input_tokens": 20,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.reasoning.output_tokens": 12,
    "gen_ai.response.time_to_first_chunk": 0.25,
  });
  expect(span).toMatchObject({
    provider: "anthropic",
    model: "claude-5",
    agent: "support",
    finishReason: "tool_calls",
    inputTokens: 100,
    cachedInputTokens: 60,
    cacheWriteInputTokens: 20,
    outputTokens: 30,
    reasoningTokens: 12,
    firstTokenMs: 250,
  });
});

test("a model call of 1.36 and before has other names for tokens, messages in events, and no operation", () => {
  const events = [
    { name: "gen_ai.system.message", at: 0, attributes: new Map([["content", "be kind"]]) },
    { name: "gen_ai.user.message", at: 0, attributes: new Map([["content", "hello"]]) },
    { name: "gen_ai.choice", at: 0, attributes: new Map([["finish_reason", "stop"]]) },
  ];
  const span = first(
    {
      "gen_ai.system": "openai",
      "gen_ai.request.model": "gpt",
      "gen_ai.usage.prompt_tokens": 9,
      "gen_ai.usage.completion_tokens": "3",
    },
    { events },
  );
  expect(span).toMatchObject({ kind: "reasoning", provider: "openai", inputTokens: 9, outputTokens: 3 });
  expect(span).toMatchObject({ finishReason: "stop", userSentiment: "hello".length });
});

test("why the model stopped is also said by Anthropic's SDK in its own words, or only in the messages", () => {
  const chat = { "gen_ai.operation.name": "chat" };
  expect(first({ ...chat, "anthropic.message.stop_reason": "tool_use" })?.finishReason).toBe("tool_calls");
  const output = JSON.stringify([{ role: "assistant", parts: [], finish_reason: "end_turn" }]);
  expect(first({ ...chat, "gen_ai.output.messages": output })?.finishReason).toBe("stop");
  expect(first(chat)?.finishReason).toBeNull();
});

test("where both names of a count are sent, the newer is meant", () => {
  const both = { "gen_ai.usage.input_tokens": 9, "gen_ai.usage.prompt_tokens": 8 };
  expect(first({ "gen_ai.operation.name": "chat", ...both })?.inputTokens).toBe(9);
});

test("a reporter that counts cached tokens or thoughts apart gives itself away when they are more than the whole", () => {
  const usage = { "gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 90 };
  expect(first({ "gen_ai.operation.name": "chat", ...usage })?.inputTokens).toBe(100);
  const thoughts = { "gen_ai.usage.output_tokens": 10, "gen_ai.usage.reasoning.output_tokens": 90 };
  expect(first({ "gen_ai.operation.name": "chat", ...thoughts })?.outputTokens).toBe(100);
});

test("Strands counts them beside the input, always", () => {
  const usage = { "gen_ai.usage.input_tokens": 90, "gen_ai.usage.cache_read_input_tokens": 10 };
  const entries = { "gen_ai.operation.name": "chat", ...usage };
  expect(first(entries, { scopeName: "strands.telemetry.tracer" })?.inputTokens).toBe(100);
  expect(first(entries)?.inputTokens).toBe(90);
});

test("messages may be one event of the span, and the user's words are read where they are new", () => {
  const messages = (...roles: readonly string[]) =>
    JSON.stringify(roles.map((role) => ({ role, parts: [{ type: "text", content: `of ${role}` }] })));
  const detail = (content: string) => [
    {
      name: "gen_ai.client.inference.operation.details",
      at: 0,
      attributes: new Map([["gen_ai.input.messages", content]]),
    },
  ];
  const chat = { "gen_ai.operation.name": "chat" };
  expect(first(chat, { events: detail(messages("system", "user")) })?.userSentiment).toBe("of user".length);
  expect(first({ ...chat, "gen_ai.input.messages": messages("user", "assistant", "tool") })?.userSentiment).toBeNull();
});

test("content that comes in structure is read like content that comes as JSON", () => {
  const structured = new Map<string, AttributeValue>([["order_id", "A-1"]]);
  const call = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup" };
  const fromStructure = first({ ...call, "gen_ai.tool.call.arguments": structured });
  expect(fromStructure).toEqual(first({ ...call, "gen_ai.tool.call.arguments": '{"order_id":"A-1"}' }));
  expect(fromStructure?.tool).toMatchObject({ name: "lookup", argumentShape: "order_id:string" });
});

test("an error has the type that the conventions demand, and no message that is none", () => {
  expect(first({ "gen_ai.operation.name": "chat", "error.type": "timeout" })).toMatchObject({
    isError: true,
    errorType: "timeout",
    errorMessage: null,
  });
  expect(first({ "gen_ai.operation.name": "chat", "error.type": "it went wrong" })?.errorType).toBeNull();
});

test("spans of anything else are not of these conventions", () => {
  expect(read({ "http.request.method": "GET" })).toBeNull();
});
