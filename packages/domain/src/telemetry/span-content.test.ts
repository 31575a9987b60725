import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import { readContent } from "./span-content.ts";

test.each<[string, Record<string, string>]>([
  ["AI SDK, a tool", { "ai.toolCall.args": "in", "ai.toolCall.result": "out" }],
  ["AI SDK, a turn", { "ai.prompt": "in", "ai.response.text": "out" }],
  ["Langfuse", { "langfuse.observation.input": "in", "langfuse.observation.output": "out" }],
  ["Google ADK", { "gcp.vertex.agent.llm_request": "in", "gcp.vertex.agent.llm_response": "out" }],
  ["OpenInference", { "input.value": "in", "output.value": "out" }],
  ["OpenLLMetry", { "traceloop.entity.input": "in", "traceloop.entity.output": "out" }],
  ["Mastra", { "mastra.agent_run.input": "in", "mastra.agent_run.output": "out" }],
  ["LangSmith", { "gen_ai.prompt": "in", "gen_ai.completion": "out" }],
  ["OpenTelemetry, a model", { "gen_ai.input.messages": "in", "gen_ai.output.messages": "out" }],
  ["OpenTelemetry, a tool", { "gen_ai.tool.call.arguments": "in", "gen_ai.tool.call.result": "out" }],
])("%s: what went in and what came out", (_, attributes) => {
  expect(readContent(aRawSpanWith(attributes), 100)).toMatchObject({ input: "in", output: "out", isCut: false });
});

test("messages in attributes of their own, and in events, are put together", () => {
  const indexed = aRawSpanWith({
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "be kind",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "hello",
  });
  const both = [
    { role: "system", content: "be kind" },
    { role: "user", content: "hello" },
  ];
  expect(JSON.parse(readContent(indexed, 1000)?.input ?? "")).toEqual(both);
  const events = both.map(({ role, content }) => ({
    name: `gen_ai.${role}.message`,
    at: 0,
    attributes: new Map([["content", content]]),
  }));
  expect(JSON.parse(readContent(aRawSpanWith({}, { events }), 1000)?.input ?? "")).toEqual(both);
});

test("no side is ever longer than asked for, and half a character is not kept", () => {
  const content = readContent(aRawSpanWith({ "input.value": "abc\u{1F600}", "output.value": "ok" }), 4);
  expect(content).toMatchObject({ input: "abc\uFFFD", output: "ok", isCut: true });
});

test("a span without content has none", () => {
  expect(readContent(aRawSpanWith({ "gen_ai.operation.name": "chat" }), 100)).toBeNull();
});
