import { parseDigest, parseRolloutId, parseSessionId, type Span } from "@perch/domain";
import { z } from "zod";
import { nullable } from "./nullable.ts";

export function toSpanRow(span: Span) {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    kind: span.kind,
    name: span.name,
    started_at: span.startedAt,
    duration_ms: span.durationMs,
    is_error: span.isError,
    error_message: span.errorMessage,
    session: span.attribution.session,
    release: span.attribution.release,
    arm: span.attribution.arm,
    rollout: span.attribution.rollout,
    service_version: span.attribution.serviceVersion,
    model: span.model,
    input_tokens: span.inputTokens,
    output_tokens: span.outputTokens,
    tool_name: span.tool?.name ?? null,
    tool_call_id: span.tool?.callId ?? null,
    tool_arguments_digest: span.tool?.argumentsDigest ?? null,
    user_sentiment: span.userSentiment,
  };
}

export const spanRow = z
  .object({
    trace_id: z.string(),
    span_id: z.string(),
    parent_span_id: z.string().nullable(),
    kind: z.enum(["turn", "reasoning", "tool", "memory_read", "memory_write", "response"]),
    name: z.string(),
    started_at: z.number(),
    duration_ms: z.number(),
    is_error: z.boolean(),
    error_message: z.string().nullable(),
    session: nullable(parseSessionId),
    release: nullable(parseDigest),
    arm: z.enum(["baseline", "canary", "shadow"]).nullable(),
    rollout: nullable(parseRolloutId),
    service_version: z.string().nullable(),
    model: z.string().nullable(),
    input_tokens: z.coerce.number(),
    output_tokens: z.coerce.number(),
    tool_name: z.string().nullable(),
    tool_call_id: z.string().nullable(),
    tool_arguments_digest: z.string().nullable(),
    user_sentiment: z.number().nullable(),
  })
  .transform((row): Span => ({
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    kind: row.kind,
    name: row.name,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    isError: row.is_error,
    errorMessage: row.error_message,
    attribution: {
      session: row.session,
      release: row.release,
      arm: row.arm,
      rollout: row.rollout,
      serviceVersion: row.service_version,
    },
    model: row.model,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    tool:
      row.tool_name === null
        ? null
        : { name: row.tool_name, callId: row.tool_call_id, argumentsDigest: row.tool_arguments_digest },
    userSentiment: row.user_sentiment,
  }));
