import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import { readToolArguments } from "./tool-arguments.ts";
import type { Dialect } from "./span.ts";

const GIVEN = { order_id: "A-1" };
const TEXT = JSON.stringify(GIVEN);

test.each<[Dialect, Record<string, string>]>([
  ["ai-sdk", { "ai.operationId": "ai.toolCall", "ai.toolCall.args": TEXT }],
  ["ai-sdk", { "gen_ai.tool.call.arguments": TEXT }],
  ["otel-genai", { "gen_ai.tool.call.arguments": TEXT }],
  ["mcp", { "gen_ai.tool.call.arguments": TEXT }],
  ["mastra", { "gen_ai.tool.call.arguments": TEXT }],
  ["openinference", { "input.value": TEXT }],
  ["langfuse", { "langfuse.observation.input": TEXT }],
  ["langsmith", { "gen_ai.prompt": JSON.stringify({ input: TEXT }) }],
  ["openllmetry", { "traceloop.entity.input": JSON.stringify({ name: "refund", arguments: GIVEN }) }],
  ["google-adk", { "gcp.vertex.agent.tool_call_args": TEXT }],
])("%s: the arguments are found where it puts them", (dialect, attributes) => {
  expect(readToolArguments(aRawSpanWith(attributes), dialect)).toEqual(GIVEN);
});

test.each([{}, { "input.value": "A-1" }, { "input.value": '{"order_id":"A-' }, { "input.value": "[1]" }])(
  "arguments that are not there whole are not judged: %j",
  (attributes) => {
    expect(readToolArguments(aRawSpanWith(attributes), "openinference")).toBeNull();
  },
);
