import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue } from "./raw-span.ts";
import { readSpan } from "./read-span.ts";

const none = { scoreOf: () => 0 };

function dialectsOf(entries: Record<string, AttributeValue>) {
  return readSpan(aRawSpanWith(entries), none).map((span) => span.dialect);
}

const aiSdk = { "ai.operationId": "ai.generateText.doGenerate" };
const openInference = { "openinference.span.kind": "LLM" };
const genAi = { "gen_ai.operation.name": "chat" };

test.each([
  ["the AI SDK's own span to which an exporter added OpenInference", { ...openInference, ...aiSdk }, "ai-sdk"],
  ["the AI SDK's own span to which an exporter added LangSmith", { "langsmith.span.kind": "llm", ...aiSdk }, "ai-sdk"],
  ["the AI SDK's own span with OpenTelemetry's words", { ...genAi, ...aiSdk }, "ai-sdk"],
  ["Mastra's, which has OpenTelemetry's words", { ...genAi, "mastra.span.type": "model_generation" }, "mastra"],
  ["Langfuse's", { ...genAi, "langfuse.observation.type": "generation" }, "langfuse"],
  ["LangSmith's", { ...genAi, "langsmith.span.kind": "llm" }, "langsmith"],
  ["OpenInference's", { ...genAi, ...openInference }, "openinference"],
  ["MCP's", { "gen_ai.operation.name": "execute_tool", "mcp.method.name": "tools/call" }, "mcp"],
  ["ADK's", { ...genAi, "gcp.vertex.agent.event_id": "e" }, "google-adk"],
  ["OpenLLMetry's", { ...genAi, "llm.request.type": "chat" }, "openllmetry"],
  ["OpenTelemetry's alone", genAi, "otel-genai"],
])("a span of two dialects is read once, by the one that says more: %s", (_what, entries, dialect) => {
  expect(dialectsOf(entries)).toEqual([dialect]);
});

test.each([
  ["http", { "http.request.method": "GET" }],
  ["http", { "http.method": "GET" }],
  ["database", { "db.system": "postgresql" }],
  ["messaging", { "messaging.system": "kafka" }],
  ["rpc", { "rpc.system": "grpc" }],
  ["span", {}],
])("of a span of no dialect only its place in the trace and a label are kept: %s", (name, entries) => {
  const raw = aRawSpanWith(entries, { name: "GET /users/7", status: "error", statusMessage: "user 7 is gone" });
  const [span] = readSpan(raw, none);
  expect(span).toMatchObject({ kind: "other", dialect: null, name, isError: true, errorMessage: null });
  expect(span).toMatchObject({ spanId: raw.spanId, parentSpanId: raw.parentSpanId, startedAt: raw.startedAt });
});

test("nothing of the gateway's own spans is kept: its turn record says it all", () => {
  const raw = aRawSpanWith({ "http.request.method": "POST" }, { scopeName: "perch.gateway" });
  expect(readSpan(raw, none)).toEqual([]);
});
