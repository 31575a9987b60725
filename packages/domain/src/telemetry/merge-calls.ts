import type { ErrorReading } from "./read-error.ts";
import type { Span, TokenUsage, ToolCall } from "./span.ts";

// The class of nearly everything that is thrown says nothing.
const SAYS_NOTHING: ReadonlySet<string | null> = new Set([null, "Error", "Exception", "_OTHER"]);

/**
 * A call as its outermost span tells it, with what that lacks from the spans inside. A tool that failed inside failed;
 * a model call that was tried again inside did not, and its tokens were spent all the same.
 */
export function mergeCalls(outer: Span, inner: readonly Span[]): Span {
  const told = [outer, ...inner];
  return {
    ...outer,
    ...(outer.inputTokens + outer.outputTokens === 0 ? sumOf(inner) : detailsOf(outer, inner)),
    ...mergeErrors(outer, inner),
    provider: firstOf(told, "provider"),
    model: firstOf(told, "model"),
    agent: firstOf(told, "agent"),
    // Of several attempts the last one ended the call.
    finishReason: outer.finishReason ?? firstOf(inner.toReversed(), "finishReason"),
    firstTokenMs: outer.firstTokenMs ?? firstTokenMs(outer, inner),
    tool: mergeTools(outer, inner),
    userSentiment: firstOf(told, "userSentiment"),
  };
}

function mergeErrors(outer: Span, inner: readonly Span[]): ErrorReading {
  const failed = [outer, ...inner].filter((span) => span.isError);
  const isError = outer.isError || (outer.kind === "tool" && failed.length > 0);
  if (!isError) return { isError, errorType: outer.errorType, errorMessage: outer.errorMessage };
  const telling = failed.find((span) => !SAYS_NOTHING.has(span.errorType))?.errorType;
  return {
    isError,
    errorType: telling ?? firstOf(failed, "errorType"),
    errorMessage: firstOf(failed, "errorMessage"),
  };
}

function firstOf<K extends keyof Span>(spans: readonly Span[], key: K): Span[K] | null {
  return spans.find((span) => span[key] !== null)?.[key] ?? null;
}

function sumOf(spans: readonly Span[]): TokenUsage {
  const sum = (key: keyof TokenUsage) => spans.reduce((total, span) => total + span[key], 0);
  return {
    inputTokens: sum("inputTokens"),
    outputTokens: sum("outputTokens"),
    cachedInputTokens: sum("cachedInputTokens"),
    cacheWriteInputTokens: sum("cacheWriteInputTokens"),
    reasoningTokens: sum("reasoningTokens"),
  };
}

/** The parts that only the span inside knows of, if they are parts of the same whole. */
function detailsOf(outer: Span, inner: readonly Span[]): Partial<TokenUsage> {
  const same = inner.find((span) => span.inputTokens === outer.inputTokens && span.outputTokens === outer.outputTokens);
  if (same === undefined) return {};
  return {
    cachedInputTokens: outer.cachedInputTokens || same.cachedInputTokens,
    cacheWriteInputTokens: outer.cacheWriteInputTokens || same.cacheWriteInputTokens,
    reasoningTokens: outer.reasoningTokens || same.reasoningTokens,
  };
}

function firstTokenMs(outer: Span, inner: readonly Span[]): number | null {
  const told = inner.find((span) => span.firstTokenMs !== null);
  if (told === undefined || told.firstTokenMs === null) return null;
  return Math.max(0, told.startedAt - outer.startedAt) + told.firstTokenMs;
}

function mergeTools(outer: Span, inner: readonly Span[]): ToolCall | null {
  if (outer.tool === null) return null;
  const tools = [outer, ...inner].flatMap(({ tool }) => tool ?? []);
  const first = (key: Exclude<keyof ToolCall, "invalidUnder">) =>
    tools.find((tool) => tool[key] !== null)?.[key] ?? null;
  return {
    name: outer.tool.name,
    callId: first("callId"),
    argumentsDigest: first("argumentsDigest"),
    argumentShape: first("argumentShape"),
    // Sorted: whichever of them was told of first.
    invalidUnder: [...new Set(tools.flatMap(({ invalidUnder }) => invalidUnder))].toSorted(),
    resultDigest: first("resultDigest"),
  };
}
