import { z } from "zod";
import { moveBoundarySchema, moveModeSchema, moveRecordSchema } from "../gateway/moves.ts";

const release = z.object({ digest: z.string(), version: z.string() });
const by = { actor: z.string().min(1).max(200), reason: z.string().max(2000).default("") };

/** `POST /v1/agents/:agent/moves`. */
export const moveRequestSchema = z.object({
  /** Versions, digests or pointers of the agent. */
  from: z.string().min(1),
  to: z.string().min(1),
  mode: z.enum(["migrate", "evict"]).default("migrate"),
  session: z.string().min(1).nullable().default(null),
  /** Null: where the agent says so, or after five minutes of silence. */
  boundary: moveBoundarySchema.nullable().default(null),
  ...by,
});
export type MoveRequest = z.input<typeof moveRequestSchema>;

/** `DELETE /v1/agents/:agent/moves/:id`. */
export const cancelMoveSchema = z.object(by);
export type CancelMove = z.input<typeof cancelMoveSchema>;

/** One of `GET /v1/agents/:agent/moves`, newest first. */
export const moveViewSchema = z.object({
  id: z.string(),
  agent: z.string(),
  from: release,
  to: release,
  session: z.string().nullable(),
  mode: moveModeSchema,
  boundary: moveBoundarySchema,
  rollout: z.string().nullable(),
  requestedAt: z.number(),
  actor: z.string(),
  reason: z.string(),
  /** `held`: never begun, its sessions drain. `past`: closed, and nothing of it is left at clients. */
  standing: z.enum(["prepared", "open", "closed", "past", "held"]),
  outcome: z.enum(["finished", "cancelled"]).nullable(),
  because: z.string(),
  memoryProblems: z.array(z.string()),
  /** Sessions moved so far, as far as gateways have told. */
  moved: z.number().int(),
  /** Sessions still pinned to the old release; null while a gateway has not told. */
  pinned: z.number().int().nullable(),
});
export type MoveView = z.infer<typeof moveViewSchema>;

/** `GET /v1/agents/:agent/moved?move=ID`, or `?session=ID`: sessions that were moved, newest first. */
export const movedSessionsSchema = z.array(moveRecordSchema);
export type MovedSessions = z.infer<typeof movedSessionsSchema>;
