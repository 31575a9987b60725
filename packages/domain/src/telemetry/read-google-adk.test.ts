import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readGoogleAdk } from "./read-google-adk.ts";
import { resolveTrace } from "./resolve-trace.ts";
import type { Span } from "./span.ts";

const length = { scoreOf: (text: string) => text.length };

function read(name: string, entries: Record<string, AttributeValue> = {}, change: Partial<RawSpan> = {}) {
  return readGoogleAdk(aRawSpanWith(entries, { name, scopeName: "gcp.vertex.agent", ...change }), length) ?? [];
}

test("a turn: the invocation around the agent, a model call told of twice, a tool, and answers that were merged", () => {
  const usage = { "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 30 };
  const agent = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support" };
  const tool = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "refund" };
  const merged = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)" };
  const generated = { "gen_ai.operation.name": "generate_content", ...usage };
  const spans: readonly Span[] = [
    read("invocation", {}, { spanId: "1" }),
    read("invoke_agent support", agent, { spanId: "2", parentSpanId: "1" }),
    read("call_llm", usage, { spanId: "3", parentSpanId: "2" }),
    read("generate_content gemini", generated, { spanId: "4", parentSpanId: "3" }),
    read("execute_tool refund", tool, { spanId: "5", parentSpanId: "3" }),
    read("execute_tool (merged)", merged, { spanId: "6", parentSpanId: "3" }),
  ].flat();
  const { turns, actions } = resolveTrace(spans);
  expect(turns).toMatchObject([{ spanId: "1", agent: "support" }]);
  expect(actions.map((action) => [action.kind, action.tool?.name ?? action.inputTokens])).toEqual([
    ["reasoning", 100],
    ["tool", "refund"],
  ]);
});

test("the first versions named the agent in brackets", () => {
  expect(read("agent_run [support]")).toMatchObject([{ kind: "turn", agent: "support" }]);
});

test("until the conventions had a name for thoughts, they were counted as the backend does, which the total tells", () => {
  const older = (output: number) => ({
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": output,
    "gen_ai.usage.experimental.reasoning_tokens": 12,
  });
  const response = { "gcp.vertex.agent.llm_response": '{"usage_metadata":{"total_token_count":130}}' };
  for (const entries of [older(18), { ...older(18), ...response }, { ...older(30), ...response }]) {
    expect(read("call_llm", entries)).toMatchObject([{ outputTokens: 30, reasoningTokens: 12 }]);
  }
  const newer = { "gen_ai.usage.output_tokens": 30, "gen_ai.usage.reasoning.output_tokens": 12 };
  expect(read("call_llm", newer)).toMatchObject([{ outputTokens: 30, reasoningTokens: 12 }]);
});

test("Gemini stops for tools as for anything: the response tells", () => {
  const response = (part: unknown) => ({
    "gen_ai.response.finish_reasons": ["stop"],
    "gcp.vertex.agent.llm_response": JSON.stringify({ content: { parts: [part] } }),
  });
  expect(read("call_llm", response({ function_call: { name: "refund" } }))[0]?.finishReason).toBe("tool_calls");
  expect(read("call_llm", response({ text: "done" }))[0]?.finishReason).toBe("stop");
});

test("the user's words are read where they are new, and what a function gave back in the user's name is not", () => {
  const request = (...contents: readonly unknown[]) => ({
    "gcp.vertex.agent.llm_request": JSON.stringify({ model: "gemini", config: {}, contents }),
  });
  const asked = { role: "user", parts: [{ text: "hello" }] };
  expect(read("call_llm", request(asked))[0]?.userSentiment).toBe(5);
  const answer = { role: "user", parts: [{ function_response: { name: "refund" } }] };
  expect(read("call_llm", request(asked, { role: "model", parts: [] }, answer))[0]?.userSentiment).toBeNull();
});

test.each([
  ['{"status":"error","error_message":"no"}', true],
  ['{"error":"Invoking `refund()` failed"}', true],
  ['{"status":"success"}', false],
  ['{"result":"error"}', false],
  ["{}", false],
])("a tool that answers %s: failed %s", (response, isError) => {
  const [span] = read("execute_tool refund", {
    "gen_ai.tool.call.id": "<not specified>",
    "gcp.vertex.agent.tool_call_args": '{"amount":1}',
    "gcp.vertex.agent.tool_response": response,
  });
  expect(span).toMatchObject({ isError, errorType: isError ? "tool_error" : null });
  expect(span?.tool).toMatchObject({ name: "refund", callId: null, argumentShape: "amount:number" });
});
