import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseRolloutId,
  parseSessionId,
  TASK_STATES,
  type TurnRecord,
} from "@perch/domain";
import { z } from "zod";
import { nullable } from "./nullable.ts";

/** `arrival`: an assignment's number; 0 for every other kind. */
export function toTurnRow(turn: TurnRecord, arrival: number) {
  return {
    id: turn.id,
    kind: turn.kind,
    gateway: turn.gateway,
    agent: turn.agent,
    session: turn.session,
    release: turn.release,
    arm: turn.arm,
    rollout: turn.rollout,
    step: turn.step,
    trace_id: turn.traceId,
    started_at: turn.startedAt,
    duration_ms: turn.durationMs,
    first_byte_ms: turn.firstByteMs,
    status: turn.status,
    fault: turn.fault,
    request_bytes: turn.requestBytes,
    response_bytes: turn.responseBytes,
    ends_session: turn.endsSession,
    intent: turn.intent,
    task_state: turn.taskState,
    is_synthetic: turn.isSynthetic,
    arrival,
  };
}

export const turnRow = z
  .object({
    id: z.string(),
    kind: z.enum(["assignment", "turn", "sessionEnd"]),
    gateway: z.string().transform(parseGatewayId),
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    release: z.string().transform(parseDigest),
    arm: z.enum(["baseline", "canary"]),
    rollout: nullable(parseRolloutId),
    step: z.number().nullable(),
    trace_id: z.string(),
    started_at: z.number(),
    duration_ms: z.number(),
    first_byte_ms: z.number().nullable(),
    status: z.number(),
    fault: z
      .enum(["upstream_unreachable", "upstream_stalled", "upstream_reset", "not_deployed", "client_aborted"])
      .nullable(),
    request_bytes: z.coerce.number(),
    response_bytes: z.coerce.number(),
    ends_session: z.boolean(),
    intent: z.string().nullable(),
    task_state: z.enum(TASK_STATES).nullable(),
    is_synthetic: z.boolean(),
  })
  .transform((row): TurnRecord => ({
    id: row.id,
    kind: row.kind,
    gateway: row.gateway,
    agent: row.agent,
    session: row.session,
    release: row.release,
    arm: row.arm,
    rollout: row.rollout,
    step: row.step,
    traceId: row.trace_id,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    firstByteMs: row.first_byte_ms,
    status: row.status,
    fault: row.fault,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    endsSession: row.ends_session,
    intent: row.intent,
    taskState: row.task_state,
    isSynthetic: row.is_synthetic,
  }));
