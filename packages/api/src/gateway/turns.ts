import { z } from "zod";
import { moveRecordSchema } from "./moves.ts";

/** One turn as a gateway reports it. `POST /v1/turns` takes `{ turns: [...] }`, moves of sessions among them; an `id` sent again counts once. */
export const turnSchema = z.object({
  id: z.string().min(1),
  /** `assignment` is sent when a session is pinned under a rollout, before its first turn. */
  kind: z.enum(["assignment", "turn", "sessionEnd"]),
  gateway: z.string(),
  agent: z.string(),
  session: z.string(),
  release: z.string(),
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().int().nonnegative().nullable(),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  startedAt: z.number(),
  durationMs: z.number().nonnegative(),
  firstByteMs: z.number().nonnegative().nullable(),
  status: z.number().int(),
  fault: z
    .enum(["upstream_unreachable", "upstream_stalled", "upstream_reset", "not_deployed", "client_aborted"])
    .nullable(),
  requestBytes: z.number().int().nonnegative(),
  responseBytes: z.number().int().nonnegative(),
  endsSession: z.boolean(),
  /** Gateways of before say neither. */
  intent: z.string().max(200).nullable().default(null),
  taskState: z
    .enum(["submitted", "working", "completed", "failed", "canceled", "rejected", "input-required", "auth-required"])
    .nullable()
    .default(null),
  isSynthetic: z.boolean(),
});
/** What became of the mirror of a turn. It is no turn of the user's session. */
export const shadowTurnSchema = z.object({
  id: z.string().min(1),
  kind: z.literal("shadow"),
  gateway: z.string(),
  agent: z.string(),
  session: z.string(),
  release: z.string(),
  arm: z.literal("shadow"),
  rollout: z.string(),
  /** When the session was pinned. */
  assignedAt: z.number(),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  /** The user's turn. */
  pairedTraceId: z.string().regex(/^[0-9a-f]{32}$/),
  pairedStartedAt: z.number(),
  startedAt: z.number(),
  durationMs: z.number().nonnegative(),
  firstByteMs: z.number().nonnegative().nullable(),
  status: z.number().int(),
  outcome: z.enum(["answered", "failed", "dropped", "skipped"]),
  reason: z
    .enum([
      "queue_full",
      "body_too_large",
      "websocket",
      "id_unknown",
      "not_passed_on",
      "cap_reached",
      "lease_expired",
      "mirror_ended",
      "gateway_stopped",
      "not_deployed",
      "unreachable",
      "timeout",
      "reset",
      "malformed",
      "answer_too_large",
      "listener",
      "internal",
    ])
    .nullable(),
  requestBytes: z.number().int().nonnegative(),
  responseBytes: z.number().int().nonnegative(),
});
export type ShadowTurnMessage = z.infer<typeof shadowTurnSchema>;
export const turnBatchSchema = z.object({
  turns: z.array(z.discriminatedUnion("kind", [turnSchema, shadowTurnSchema, moveRecordSchema])).max(10_000),
});
export type TurnMessage = z.infer<typeof turnSchema>;
export type TurnBatch = z.infer<typeof turnBatchSchema>;
/** The answer, sent once the turns are durable. */
export const turnBatchAcceptedSchema = z.object({ accepted: z.number().int() });
