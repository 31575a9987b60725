import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseRolloutId,
  parseSessionId,
  type ShadowReason,
  type ShadowTurn,
} from "@perch/domain";
import { z } from "zod";

export function toShadowTurnRow(turn: ShadowTurn) {
  return {
    id: turn.id,
    gateway: turn.gateway,
    agent: turn.agent,
    session: turn.session,
    release: turn.release,
    rollout: turn.rollout,
    assigned_at: turn.assignedAt,
    trace_id: turn.traceId,
    paired_trace_id: turn.pairedTraceId,
    paired_started_at: turn.pairedStartedAt,
    started_at: turn.startedAt,
    duration_ms: turn.durationMs,
    first_byte_ms: turn.firstByteMs,
    status: turn.status,
    outcome: turn.outcome,
    reason: turn.reason,
    request_bytes: turn.requestBytes,
    response_bytes: turn.responseBytes,
  };
}

export const shadowTurnRow = z
  .object({
    id: z.string(),
    gateway: z.string().transform(parseGatewayId),
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    release: z.string().transform(parseDigest),
    rollout: z.string().transform(parseRolloutId),
    assigned_at: z.number(),
    trace_id: z.string(),
    paired_trace_id: z.string(),
    paired_started_at: z.number(),
    started_at: z.number(),
    duration_ms: z.number(),
    first_byte_ms: z.number().nullable(),
    status: z.number(),
    outcome: z.enum(["answered", "failed", "dropped", "skipped"]),
    reason: z
      .string()
      .nullable()
      .transform((text) => (text === null ? null : parseReason(text))),
    request_bytes: z.coerce.number(),
    response_bytes: z.coerce.number(),
  })
  .transform((row): ShadowTurn => ({
    id: row.id,
    kind: "shadow",
    gateway: row.gateway,
    agent: row.agent,
    session: row.session,
    release: row.release,
    arm: "shadow",
    rollout: row.rollout,
    assignedAt: row.assigned_at,
    traceId: row.trace_id,
    pairedTraceId: row.paired_trace_id,
    pairedStartedAt: row.paired_started_at,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    firstByteMs: row.first_byte_ms,
    status: row.status,
    outcome: row.outcome,
    reason: row.reason,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
  }));

/** What came in was checked, and nobody else writes here. */
function parseReason(text: string): ShadowReason {
  return text as ShadowReason;
}
