import { DIALECTS, parseDigest, parseRolloutId, parseSessionId, SPAN_KINDS, type Span } from "@perch/domain";
import { z } from "zod";
import { nullable } from "./nullable.ts";

export function toSpanRow(span: Span) {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    kind: span.kind,
    dialect: span.dialect,
    name: span.name,
    started_at: span.startedAt,
    duration_ms: span.durationMs,
    is_error: span.isError,
    error_type: span.errorType,
    error_message: span.errorMessage,
    session: span.attribution.session,
    release: span.attribution.release,
    arm: span.attribution.arm,
    rollout: span.attribution.rollout,
    service_version: span.attribution.serviceVersion,
    provider: span.provider,
    model: span.model,
    agent: span.agent,
    finish_reason: span.finishReason,
    first_token_ms: span.firstTokenMs,
    input_tokens: span.inputTokens,
    output_tokens: span.outputTokens,
    cached_input_tokens: span.cachedInputTokens,
    cache_write_input_tokens: span.cacheWriteInputTokens,
    reasoning_tokens: span.reasoningTokens,
    ...toolColumns(span.tool),
    user_sentiment: span.userSentiment,
  };
}

const NO_TOOL = {
  tool_name: null,
  tool_call_id: null,
  tool_arguments_digest: null,
  tool_argument_shape: null,
  tool_invalid_under: [],
  tool_result_digest: null,
  tool_idempotency_key: null,
};

function toolColumns(tool: Span["tool"]) {
  if (tool === null) return NO_TOOL;
  return {
    tool_name: tool.name,
    tool_call_id: tool.callId,
    tool_arguments_digest: tool.argumentsDigest,
    tool_argument_shape: tool.argumentShape,
    tool_invalid_under: tool.invalidUnder,
    tool_result_digest: tool.resultDigest,
    tool_idempotency_key: tool.idempotencyKey ?? null,
  };
}

export const spanRow = z
  .object({
    trace_id: z.string(),
    span_id: z.string(),
    parent_span_id: z.string().nullable(),
    kind: z.enum(SPAN_KINDS),
    dialect: z.enum(DIALECTS).nullable(),
    name: z.string(),
    started_at: z.number(),
    duration_ms: z.number(),
    is_error: z.boolean(),
    error_type: z.string().nullable(),
    error_message: z.string().nullable(),
    session: nullable(parseSessionId),
    release: nullable(parseDigest),
    arm: z.enum(["baseline", "canary", "shadow"]).nullable(),
    rollout: nullable(parseRolloutId),
    service_version: z.string().nullable(),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    agent: z.string().nullable(),
    finish_reason: z.string().nullable(),
    first_token_ms: z.number().nullable(),
    input_tokens: z.coerce.number(),
    output_tokens: z.coerce.number(),
    cached_input_tokens: z.coerce.number(),
    cache_write_input_tokens: z.coerce.number(),
    reasoning_tokens: z.coerce.number(),
    tool_name: z.string().nullable(),
    tool_call_id: z.string().nullable(),
    tool_arguments_digest: z.string().nullable(),
    tool_argument_shape: z.string().nullable(),
    tool_invalid_under: z.array(z.string()),
    tool_result_digest: z.string().nullable(),
    tool_idempotency_key: z.string().nullable(),
    user_sentiment: z.number().nullable(),
  })
  .transform((row): Span => ({
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    kind: row.kind,
    dialect: row.dialect,
    name: row.name,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    isError: row.is_error,
    errorType: row.error_type,
    errorMessage: row.error_message,
    attribution: {
      session: row.session,
      release: row.release,
      arm: row.arm,
      rollout: row.rollout,
      serviceVersion: row.service_version,
    },
    provider: row.provider,
    model: row.model,
    agent: row.agent,
    finishReason: row.finish_reason,
    firstTokenMs: row.first_token_ms,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedInputTokens: row.cached_input_tokens,
    cacheWriteInputTokens: row.cache_write_input_tokens,
    reasoningTokens: row.reasoning_tokens,
    tool:
      row.tool_name === null
        ? null
        : {
            name: row.tool_name,
            callId: row.tool_call_id,
            argumentsDigest: row.tool_arguments_digest,
            argumentShape: row.tool_argument_shape,
            invalidUnder: row.tool_invalid_under,
            resultDigest: row.tool_result_digest,
            ...(row.tool_idempotency_key === null ? {} : { idempotencyKey: row.tool_idempotency_key }),
          },
    userSentiment: row.user_sentiment,
  }));
