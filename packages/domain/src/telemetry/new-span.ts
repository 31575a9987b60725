import type { RawSpan } from "./raw-span.ts";
import { readAttribution } from "./read-attribution.ts";
import { readError } from "./read-error.ts";
import type { Dialect, Span, SpanKind } from "./span.ts";

/** What a dialect adds to what every span has. */
export type SpanDetails = Omit<
  Span,
  "traceId" | "spanId" | "parentSpanId" | "kind" | "dialect" | "startedAt" | "durationMs" | "attribution"
>;

const NAME_CHARACTERS = 200;
const NO_DETAILS: Omit<SpanDetails, "name" | "isError" | "errorType" | "errorMessage"> = {
  provider: null,
  model: null,
  agent: null,
  finishReason: null,
  firstTokenMs: null,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  reasoningTokens: 0,
  tool: null,
  userSentiment: null,
};

/** A span in the common vocabulary, with what OpenTelemetry itself says of it. */
export function newSpan(
  raw: RawSpan,
  { kind, dialect }: { readonly kind: SpanKind; readonly dialect: Dialect | null },
  details: Partial<SpanDetails> = {},
): Span {
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: raw.parentSpanId,
    kind,
    dialect,
    name: raw.name.slice(0, NAME_CHARACTERS),
    startedAt: raw.startedAt,
    durationMs: raw.durationMs,
    attribution: readAttribution(raw),
    ...readError(raw),
    ...NO_DETAILS,
    ...details,
  };
}

/**
 * A bare link between a parent and its children: without it a call that is told of twice could not be found. The label
 * is one of few; neither a name nor a message of a span that nobody asked for is kept.
 */
export function otherSpan(raw: RawSpan, dialect: Dialect | null, label: string): Span {
  return newSpan(raw, { kind: "other", dialect }, { name: label, errorMessage: null });
}

/** The turn and, where its dialect says that the user got an answer, the answer. */
export function turnWithResponse(turn: Span, isAnswered: boolean): readonly Span[] {
  if (!isAnswered || turn.isError) return [turn];
  const response: Span = {
    ...turn,
    kind: "response",
    spanId: responseIdOf(turn.spanId),
    parentSpanId: turn.spanId,
    startedAt: turn.startedAt + turn.durationMs,
    durationMs: 0,
    userSentiment: null,
  };
  return [turn, response];
}

/** The id of the response of a span; no span of OpenTelemetry's has such a one. */
export function responseIdOf(spanId: string): string {
  return `${spanId}-response`;
}
