import { createLexiconScorer } from "@perch/adapters/sentiment";
import { readEvaluation, readSpan, type Span } from "@perch/domain";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkSpans } from "./check-spans.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeJsonTraces } from "./decode-json-traces.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";
import { decodeProtobufTraces } from "./decode-protobuf-traces.ts";

// What real frameworks sent, byte for byte. The recordings lie beside the repository, not in it.
const CAPTURES = fileURLToPath(new URL("../../../../../shared/data/otlp/", import.meta.url));
const missing = !existsSync(CAPTURES);
if (missing) process.stderr.write(`the recordings in ${CAPTURES} are absent: their tests are skipped\n`);

function spansOf(capture: string): readonly Span[] {
  const bytes = readFileSync(`${CAPTURES}${capture}`);
  const traces = capture.endsWith(".json") ? decodeJsonTraces(bytes) : decodeProtobufTraces(bytes);
  const { spans, refused, oddlyTimed } = checkSpans(traces);
  expect({ refused, oddlyTimed }).toEqual({ refused: [], oddlyTimed: 0 });
  const read = spans.flatMap((raw) => readSpan(raw, createLexiconScorer()) ?? []);
  return read.toSorted((a, b) => a.startedAt - b.startedAt);
}

function kindsOf(spans: readonly Span[]): Record<string, number> {
  const groups = Map.groupBy(spans, (span) => span.kind);
  return Object.fromEntries([...groups].map(([kind, some]) => [kind, some.length]));
}

describe.skipIf(missing)("recorded AI SDK agents", () => {
  const conversations = [
    "vercel-ai-6/plain.traces.pb",
    "vercel-ai-7/genai-plain.traces.pb",
    "vercel-ai-7/genai-baggage.traces.pb",
    "vercel-ai-7/genai-baggage-otlpjson.traces.json",
    "vercel-ai-7/legacy-plain.traces.pb",
  ];

  test.each(conversations)("%s: three answered turns of two model calls and one tool call each", (capture) => {
    const spans = spansOf(capture);
    expect(kindsOf(spans)).toEqual({ turn: 3, reasoning: 6, tool: 3, response: 3 });
    const tools = spans.filter((span) => span.kind === "tool");
    expect(tools.map(({ tool, isError, errorMessage }) => [tool?.name, tool?.callId, isError, errorMessage])).toEqual([
      ["lookup_order", "call_1", false, null],
      ["issue_refund", "call_2", false, null],
      ["issue_refund", "call_3", true, "REFUND_LIMIT_EXCEEDED"],
    ]);
    expect(new Set(tools.map((span) => span.tool?.argumentsDigest)).size).toBe(3);
  });

  test.each(conversations)("%s: every token is counted once", (capture) => {
    const spans = spansOf(capture);
    expect(spans.reduce((sum, span) => sum + span.inputTokens, 0)).toBe(390);
    expect(spans.reduce((sum, span) => sum + span.outputTokens, 0)).toBe(96);
  });

  test.each(conversations)("%s: sentiment is on turns only, and no text is kept", (capture) => {
    const spans = spansOf(capture);
    expect(spans.filter((span) => span.userSentiment !== null).map((span) => span.kind)).toEqual([
      "turn",
      "turn",
      "turn",
    ]);
    expect(JSON.stringify(spans)).not.toMatch(/broken|A-100|card/);
  });

  test.each(conversations)("%s: every span belongs to the service version and is a child of its trace", (capture) => {
    for (const span of spansOf(capture)) {
      expect(span.attribution.serviceVersion).toBe("2.3.1");
      expect(span.durationMs).toBeGreaterThanOrEqual(0);
    }
  });

  test("protobuf and JSON of the same conversation read the same but for ids and clocks", () => {
    const comparable = (capture: string) =>
      spansOf(capture)
        .map(({ kind, name, model, inputTokens, outputTokens, tool, isError, userSentiment }) =>
          JSON.stringify({ kind, name, model, inputTokens, outputTokens, tool, isError, userSentiment }),
        )
        .toSorted((a, b) => (a < b ? -1 : 1));
    expect(comparable("vercel-ai-7/genai-baggage-otlpjson.traces.json")).toEqual(
      comparable("vercel-ai-7/genai-baggage.traces.pb"),
    );
  });

  test("a streamed turn behind a real HTTP hop reads like any other, and the HTTP span is unknown", () => {
    const capture = "vercel-ai-7/gateway-http-stream.traces.pb";
    const raw = checkSpans(decodeProtobufTraces(readFileSync(`${CAPTURES}${capture}`))).spans;
    const unknown = raw.filter((span) => readSpan(span, createLexiconScorer()) === null);
    expect(unknown.map((span) => span.name)).toEqual(["POST"]);
    expect(kindsOf(spansOf(capture))).toEqual({ turn: 1, reasoning: 2, tool: 1, response: 1 });
  });

  test("an aborted stream and a model error have no response; only the model error is an error", () => {
    const spans = spansOf("vercel-ai-7/abort-and-model-error.traces.pb");
    expect(kindsOf(spans)).toEqual({ turn: 2, reasoning: 2 });
    expect(spans.map((span) => span.errorMessage)).toEqual([null, null, "503 upstream", "503 upstream"]);
  });
});

describe.skipIf(missing)("recorded evaluators", () => {
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
