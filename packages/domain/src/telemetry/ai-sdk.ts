import { digestOf } from "../release/digest.ts";
import { countAttribute, textAttribute, type RawSpan } from "./raw-span.ts";
import { readAttribution } from "./read-attribution.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span, SpanKind } from "./span.ts";
import { lastUserWords } from "./user-words.ts";

// The two generations of the Vercel AI SDK: `ai.operationId` on every span up to version 6 (and with version 7's
// LegacyOpenTelemetry), `gen_ai.operation.name` under the scope `gen_ai` from version 7 on. Spans that Perch itself
// emits (scope `perch…`) use the newer form.
const STEP_OF_OPERATION: Readonly<Record<string, SpanKind>> = {
  "ai.generateText": "turn",
  "ai.streamText": "turn",
  "ai.generateObject": "turn",
  "ai.streamObject": "turn",
  "ai.generateText.doGenerate": "reasoning",
  "ai.streamText.doStream": "reasoning",
  "ai.generateObject.doGenerate": "reasoning",
  "ai.streamObject.doStream": "reasoning",
  "ai.toolCall": "tool",
  invoke_agent: "turn",
  chat: "reasoning",
  execute_tool: "tool",
};

const ERROR_MESSAGE_CHARACTERS = 300;

/**
 * One span of the Vercel AI SDK in the common vocabulary: none for a span that only groups others, two for a turn that
 * was answered (the turn and its final response). Null: not of this dialect.
 */
export function readAiSdkSpan(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const operation = operationOf(raw);
  if (operation === null) return null;
  const kind = Object.hasOwn(STEP_OF_OPERATION, operation) ? STEP_OF_OPERATION[operation] : undefined;
  if (kind === "turn") return readTurn(raw, sentiment);
  if (kind === "reasoning") return [readReasoning(raw)];
  if (kind === "tool") return [readTool(raw)];
  return [];
}

function operationOf(raw: RawSpan): string | null {
  const legacy = textAttribute(raw.attributes, "ai.operationId");
  if (legacy !== null) return legacy;
  if (raw.scopeName !== "gen_ai" && !raw.scopeName.startsWith("perch")) return null;
  return textAttribute(raw.attributes, "gen_ai.operation.name") ?? "";
}

function readTurn(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] {
  const words = lastUserWords(firstText(raw, ["gen_ai.input.messages", "ai.prompt"]));
  const turn: Span = {
    ...commonOf(raw, "turn"),
    userSentiment: words === null ? null : sentiment.scoreOf(words),
  };
  // An aborted stream ends without a finish reason, a failed one with an error: neither gave the user a response.
  const isAnswered =
    raw.attributes.has("gen_ai.response.finish_reasons") || raw.attributes.has("ai.response.finishReason");
  if (!isAnswered || turn.isError) return [turn];
  return [
    turn,
    {
      ...commonOf(raw, "response"),
      spanId: `${raw.spanId}-response`,
      parentSpanId: raw.spanId,
      startedAt: raw.startedAt + raw.durationMs,
      durationMs: 0,
    },
  ];
}

function readReasoning(raw: RawSpan): Span {
  return {
    ...commonOf(raw, "reasoning"),
    inputTokens: firstCount(raw, ["gen_ai.usage.input_tokens", "ai.usage.inputTokens", "ai.usage.promptTokens"]),
    outputTokens: firstCount(raw, ["gen_ai.usage.output_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens"]),
  };
}

function readTool(raw: RawSpan): Span {
  const toolArguments = firstText(raw, ["gen_ai.tool.call.arguments", "ai.toolCall.args"]);
  return {
    ...commonOf(raw, "tool"),
    tool: {
      name: firstText(raw, ["gen_ai.tool.name", "ai.toolCall.name"]) ?? raw.name.replace(/^execute_tool /, ""),
      callId: firstText(raw, ["gen_ai.tool.call.id", "ai.toolCall.id"]),
      argumentsDigest: toolArguments === null ? null : digestOf(toolArguments),
    },
  };
}

function commonOf(raw: RawSpan, kind: SpanKind): Span {
  const errorMessage = errorMessageOf(raw);
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: raw.parentSpanId,
    kind,
    name: raw.name,
    startedAt: raw.startedAt,
    durationMs: raw.durationMs,
    isError: errorMessage !== null,
    errorMessage,
    attribution: readAttribution(raw),
    model: firstText(raw, ["gen_ai.response.model", "ai.response.model", "gen_ai.request.model", "ai.model.id"]),
    inputTokens: 0,
    outputTokens: 0,
    tool: null,
    userSentiment: null,
  };
}

/** Null when nothing went wrong. The exception event tells more than the status, and may come without one. */
function errorMessageOf(raw: RawSpan): string | null {
  const exception = raw.events.findLast((event) => event.name === "exception");
  if (exception === undefined && raw.status !== "error") return null;
  const thrown = exception === undefined ? null : textAttribute(exception.attributes, "exception.message");
  return (thrown ?? raw.statusMessage).slice(0, ERROR_MESSAGE_CHARACTERS);
}

function firstText(raw: RawSpan, keys: readonly string[]): string | null {
  for (const key of keys) {
    const text = textAttribute(raw.attributes, key);
    if (text !== null) return text;
  }
  return null;
}

function firstCount(raw: RawSpan, keys: readonly string[]): number {
  for (const key of keys) {
    const count = countAttribute(raw.attributes, key);
    if (count !== null) return count;
  }
  return 0;
}
