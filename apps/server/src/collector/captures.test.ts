import { readEvaluation, type Span } from "@perch/domain";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawTraces } from "./__fixtures__/draw-traces.ts";
import { areCapturesMissing, CAPTURES, spansOfCapture } from "./__fixtures__/read-capture.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";

// Made with `vitest -u` and compared by eye with the `.tree.txt` beside each recording.
describe.skipIf(areCapturesMissing)("every recording comes to its golden trace", () => {
  const captures = [
    "anthropic-openinference/baggage-otlpjson.traces.json",
    "anthropic-openinference/plain.traces.pb",
    "langgraph-openinference/plain.traces.pb",
    "langgraph-openinference/session-collision.traces.json",
    "mcp/no-mcp-instrumentation.traces.pb",
    "mcp/traceloop-plus-openinference.traces.pb",
    "vercel-ai-6/plain.traces.pb",
    "vercel-ai-7/abort-and-model-error.traces.pb",
    "vercel-ai-7/gateway-http-stream.traces.pb",
    "vercel-ai-7/genai-baggage-otlpjson.traces.json",
    "vercel-ai-7/genai-baggage.traces.pb",
    "vercel-ai-7/genai-plain.traces.pb",
    "vercel-ai-7/legacy-plain.traces.pb",
  ];

  test.each(captures)("%s", async (capture) => {
    const golden = `__fixtures__/golden/${capture.replace("/", "-").replace(/\.traces\..*$/, "")}.txt`;
    await expect(drawTraces(spansOfCapture(capture))).toMatchFileSnapshot(golden);
  });

  test.each(captures)("%s: nothing that was said is kept", (capture) => {
    expect(JSON.stringify(spansOfCapture(capture))).not.toMatch(/broken|A-100|card/);
  });
});

function kindsOf(spans: readonly Span[]): Record<string, number> {
  const groups = Map.groupBy(spans, (span) => span.kind);
  return Object.fromEntries([...groups].map(([kind, some]) => [kind, some.length]));
}

describe.skipIf(areCapturesMissing)("recorded AI SDK agents", () => {
  const conversations = [
    "vercel-ai-6/plain.traces.pb",
    "vercel-ai-7/genai-plain.traces.pb",
    "vercel-ai-7/genai-baggage.traces.pb",
    "vercel-ai-7/genai-baggage-otlpjson.traces.json",
    "vercel-ai-7/legacy-plain.traces.pb",
  ];

  test.each(conversations)("%s: three answered turns of two model calls and one tool call each", (capture) => {
    const spans = spansOfCapture(capture);
    expect(kindsOf(spans)).toMatchObject({ turn: 3, reasoning: 6, tool: 3, response: 3 });
    const tools = spans.filter((span) => span.kind === "tool");
    expect(tools.map(({ tool, isError, errorMessage }) => [tool?.name, tool?.callId, isError, errorMessage])).toEqual([
      ["lookup_order", "call_1", false, null],
      ["issue_refund", "call_2", false, null],
      ["issue_refund", "call_3", true, "REFUND_LIMIT_EXCEEDED"],
    ]);
    expect(new Set(tools.map((span) => span.tool?.argumentsDigest)).size).toBe(3);
  });

  test.each(conversations)("%s: every token is counted once", (capture) => {
    const spans = spansOfCapture(capture);
    expect(spans.reduce((sum, span) => sum + span.inputTokens, 0)).toBe(390);
    expect(spans.reduce((sum, span) => sum + span.outputTokens, 0)).toBe(96);
  });

  test.each(conversations)("%s: sentiment is on turns only", (capture) => {
    const spans = spansOfCapture(capture);
    expect(spans.filter((span) => span.userSentiment !== null).map((span) => span.kind)).toEqual([
      "turn",
      "turn",
      "turn",
    ]);
  });

  test.each(conversations)("%s: every span belongs to the service version and is a child of its trace", (capture) => {
    for (const span of spansOfCapture(capture)) {
      expect(span.attribution.serviceVersion).toBe("2.3.1");
      expect(span.durationMs).toBeGreaterThanOrEqual(0);
    }
  });

  test("protobuf and JSON of the same conversation read the same but for ids and clocks", () => {
    const comparable = (capture: string) =>
      spansOfCapture(capture)
        .map(({ kind, name, model, inputTokens, outputTokens, tool, isError, userSentiment }) =>
          JSON.stringify({ kind, name, model, inputTokens, outputTokens, tool, isError, userSentiment }),
        )
        .toSorted((a, b) => (a < b ? -1 : 1));
    expect(comparable("vercel-ai-7/genai-baggage-otlpjson.traces.json")).toEqual(
      comparable("vercel-ai-7/genai-baggage.traces.pb"),
    );
  });

  test("a streamed turn behind a real HTTP hop reads like any other, and the HTTP span is of no dialect", () => {
    const spans = spansOfCapture("vercel-ai-7/gateway-http-stream.traces.pb");
    const unknown = spans.filter((span) => span.dialect === null);
    expect(unknown.map((span) => [span.kind, span.name])).toEqual([["other", "http"]]);
    expect(kindsOf(spans)).toEqual({ turn: 1, reasoning: 2, tool: 1, response: 1, other: 3 });
  });

  test("an aborted stream and a model error have no response; only the model error is an error", () => {
    const spans = spansOfCapture("vercel-ai-7/abort-and-model-error.traces.pb");
    expect(kindsOf(spans)).toEqual({ turn: 2, reasoning: 2, other: 2 });
    const told = spans.filter((span) => span.kind !== "other");
    expect(told.map((span) => span.errorMessage)).toEqual([null, null, "503 upstream", "503 upstream"]);
  });
});

describe.skipIf(areCapturesMissing)("recorded evaluators", () => {
  const events = [
    ["", { score: { session: "sess-42", name: "sentiment", value: -0.62, label: "negative" } }],
    ["-2", { score: { session: "sess-42", name: "escalated", value: 1, label: "escalated" } }],
    ["-3", { score: { session: "sess-42", name: "task_completion", value: 0, label: "not_completed" } }],
    ["-4", { score: { session: "sess-42", name: "tool_call_accuracy", value: 0.5, label: "partially_correct" } }],
    ["-5", { score: { session: "sess-42", name: "user_feedback", value: 0, label: "thumbs_down" } }],
    // The evaluator itself failed: an error type, and no score.
    ["-6", { kind: "refused" }],
  ] as const;

  test.each(events)("event%s reads the same from protobuf and from JSON", (number, expected) => {
    const fromProtobuf = decodeProtobufLogs(readFileSync(`${CAPTURES}evaluation-events/logs-proto${number}.logs.pb`));
    const fromJson = decodeJsonLogs(readFileSync(`${CAPTURES}evaluation-events/logs-otlpjson${number}.logs.json`));
    expect(fromProtobuf.map((log) => readEvaluation(log, 0))).toMatchObject([expected]);
    expect(fromJson.map((log) => readEvaluation(log, 0))).toMatchObject([expected]);
  });
});
