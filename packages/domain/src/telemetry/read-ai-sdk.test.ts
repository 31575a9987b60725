import { aRawSpan } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readAiSdk } from "./read-ai-sdk.ts";

/** Tells how long the words are, so that a test sees which words were judged. */
const length = { scoreOf: (text: string) => text.length };

function read(change: Partial<RawSpan>) {
  return readAiSdk(aRawSpan(change), length);
}

function attributes(entries: Record<string, AttributeValue>): RawSpan["attributes"] {
  return new Map(Object.entries(entries));
}

test("a turn that was answered is a turn and a response", () => {
  const spans = read({
    spanId: "a".repeat(16),
    startedAt: 100,
    durationMs: 50,
    attributes: attributes({ "gen_ai.operation.name": "invoke_agent", "gen_ai.response.finish_reasons": ["stop"] }),
  });
  expect(spans?.map((span) => [span.kind, span.spanId, span.parentSpanId, span.startedAt])).toEqual([
    ["turn", "a".repeat(16), null, 100],
    ["response", `${"a".repeat(16)}-response`, "a".repeat(16), 150],
  ]);
});

test("an aborted turn has no response", () => {
  const spans = read({ attributes: attributes({ "ai.operationId": "ai.streamText" }) });
  expect(spans?.map((span) => span.kind)).toEqual(["turn"]);
});

test("tokens are counted on reasoning only, so that a sum over spans counts each once", () => {
  const usage = { "gen_ai.usage.input_tokens": 130, "gen_ai.usage.output_tokens": "32" };
  const [turn] = read({ attributes: attributes({ "gen_ai.operation.name": "invoke_agent", ...usage }) }) ?? [];
  const [reasoning] = read({ attributes: attributes({ "gen_ai.operation.name": "chat", ...usage }) }) ?? [];
  expect(turn).toMatchObject({ inputTokens: 0, outputTokens: 0 });
  expect(reasoning).toMatchObject({ inputTokens: 130, outputTokens: 32 });
});

test("a tool call keeps its name, its id, the digest and the keys of its arguments, never the arguments", () => {
  const [tool] =
    read({
      attributes: attributes({
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "refund",
        "gen_ai.tool.call.id": "call_3",
        "gen_ai.tool.call.arguments": '{"secret_of":"hush"}',
      }),
    }) ?? [];
  expect(tool?.tool).toEqual({
    name: "refund",
    callId: "call_3",
    argumentsDigest: digestOf('{"secret_of":"hush"}'),
    argumentShape: "secret_of:string",
    invalidUnder: [],
    resultDigest: null,
  });
  expect(JSON.stringify(tool)).not.toContain("hush");
});

test("an exception event is an error also when the status was never set", () => {
  const exception = {
    name: "exception",
    at: 0,
    attributes: attributes({ "exception.message": "REFUND_LIMIT_EXCEEDED" }),
  };
  const [tool] = read({ status: "unset", events: [exception] }) ?? [];
  expect(tool).toMatchObject({ isError: true, errorMessage: "REFUND_LIMIT_EXCEEDED" });
});

test("an error status without an exception is an error with the status message, cut short", () => {
  const [tool] = read({ status: "error", statusMessage: "x".repeat(1000) }) ?? [];
  expect(tool).toMatchObject({ isError: true, errorMessage: "x".repeat(300) });
});

test("sentiment is of the user's last words, not of the agent's", () => {
  const messages = [
    { role: "user", parts: [{ type: "text", content: "an older complaint" }] },
    { role: "assistant", parts: [{ type: "text", content: "sorry" }] },
    { role: "user", parts: [{ type: "text", content: "ok" }] },
    { role: "assistant", parts: [{ type: "tool_call", name: "refund" }] },
  ];
  const [turn] =
    read({
      attributes: attributes({
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.input.messages": JSON.stringify(messages),
      }),
    }) ?? [];
  expect(turn?.userSentiment).toBe(2);
});

test("attribution comes from the span, else from the resource; malformed values count as absent", () => {
  const release = digestOf("r");
  const [span] =
    read({
      attributes: attributes({
        "gen_ai.operation.name": "chat",
        "perch.session.id": "s-1",
        "perch.arm": "canary",
        "perch.rollout": "NOT A ROLLOUT",
      }),
      resource: attributes({ "perch.release": release, "service.version": "2.3.1" }),
    }) ?? [];
  expect(span?.attribution).toEqual({ session: "s-1", release, arm: "canary", rollout: null, serviceVersion: "2.3.1" });
});

test("a span that only groups others is kept as a link, by a name of few", () => {
  const label = (entries: Record<string, AttributeValue>) =>
    read({ name: "my secret step", attributes: attributes(entries) })?.map(({ kind, name }) => [kind, name]);
  expect(label({ "gen_ai.operation.name": "agent_step" })).toEqual([["other", "agent_step"]]);
  expect(label({ "gen_ai.operation.name": "my own" })).toEqual([["other", "group"]]);
  expect(label({ "ai.operationId": "constructor" })).toEqual([["other", "group"]]);
});

test("version 5 counts Anthropic's cached tokens beside the input; version 6 and other providers within", () => {
  const usage = (entries: Record<string, AttributeValue>) =>
    read({
      scopeName: "ai",
      attributes: attributes({
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.usage.inputTokens": 50,
        ...entries,
      }),
    })?.[0];
  const apart = usage({ "ai.model.provider": "anthropic.messages", "ai.usage.cachedInputTokens": 8 });
  expect(apart).toMatchObject({ inputTokens: 58, cachedInputTokens: 8, provider: "anthropic" });
  expect(usage({ "ai.model.provider": "openai.chat", "ai.usage.cachedInputTokens": 8 })?.inputTokens).toBe(50);
  const detailed = {
    "ai.model.provider": "anthropic.messages",
    "ai.usage.inputTokenDetails.noCacheTokens": 42,
    "ai.usage.inputTokenDetails.cacheReadTokens": 8,
    "ai.usage.outputTokenDetails.reasoningTokens": 3,
  };
  expect(usage(detailed)).toMatchObject({ inputTokens: 50, cachedInputTokens: 8, reasoningTokens: 3 });
});

test("the time to the first chunk is milliseconds in the older form and seconds in the newer", () => {
  const first = (entries: Record<string, AttributeValue>) =>
    read({ attributes: attributes(entries) })?.[0]?.firstTokenMs;
  expect(first({ "ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 12.5 })).toBe(12.5);
  expect(first({ "gen_ai.operation.name": "chat", "gen_ai.client.operation.time_to_first_chunk": 0.0125 })).toBe(12.5);
});

test("a span of another instrumentation is not of the dialect", () => {
  expect(read({ scopeName: "@opentelemetry/instrumentation-http", attributes: attributes({}) })).toBeNull();
});
