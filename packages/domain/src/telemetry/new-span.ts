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
/** A span in the common vocabulary, with what OpenTelemetry itself says of it. */
// oxlint-disable-next-line complexity -- a default for each field is no decision
export function newSpan(
  raw: RawSpan,
  { kind, dialect }: { readonly kind: SpanKind; readonly dialect: Dialect | null },
  details: Partial<SpanDetails> = {},
): Span {
  const error = readError(raw);
  // Written out: a hundred thousand of these a second are cheaper in one shape than spread together.
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: raw.parentSpanId,
    kind,
    dialect,
    name: details.name ?? raw.name.slice(0, NAME_CHARACTERS),
    startedAt: raw.startedAt,
    durationMs: raw.durationMs,
    attribution: readAttribution(raw),
    isError: details.isError ?? error.isError,
    errorType: details.errorType === undefined ? error.errorType : details.errorType,
    errorMessage: details.errorMessage === undefined ? error.errorMessage : details.errorMessage,
    provider: details.provider ?? null,
    model: details.model ?? null,
    agent: details.agent ?? null,
    finishReason: details.finishReason ?? null,
    firstTokenMs: details.firstTokenMs ?? null,
    inputTokens: details.inputTokens ?? 0,
    outputTokens: details.outputTokens ?? 0,
    cachedInputTokens: details.cachedInputTokens ?? 0,
    cacheWriteInputTokens: details.cacheWriteInputTokens ?? 0,
    reasoningTokens: details.reasoningTokens ?? 0,
    tool: details.tool ?? null,
    userSentiment: details.userSentiment ?? null,
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
