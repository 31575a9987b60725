import { z } from "zod";

export const moveModeSchema = z.enum(["migrate", "evict", "autoUpgrade"]);
export const moveBoundarySchema = z.object({ header: z.boolean(), idleMs: z.number().positive().nullable() });
const phase = z.enum(["prepared", "open", "closed"]);

/** A move of sessions as it stands in the routing table. */
export const routeMoveSchema = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  session: z.string().nullable(),
  mode: moveModeSchema,
  boundary: moveBoundarySchema,
  phase,
  since: z.number(),
});

/** Among the records of `POST /v1/turns`: a session was moved. `id` is the same whichever gateway writes it. */
export const moveRecordSchema = z.object({
  kind: z.literal("move"),
  id: z.string().min(1),
  gateway: z.string(),
  agent: z.string(),
  session: z.string(),
  from: z.string(),
  to: z.string(),
  move: z.string(),
  mode: moveModeSchema,
  /** Why it could be moved then: its agent said so, it was quiet for long enough, or it was evicted. */
  boundary: z.enum(["agent", "idle", "none"]),
  /** The rollout that it was assigned under. */
  rollout: z.string().nullable(),
  at: z.number(),
  /** 1 for the session's first move. */
  times: z.number().int().positive(),
});
export type MoveRecordMessage = z.infer<typeof moveRecordSchema>;

/** `POST /v1/gateways/:id/moves`: what a gateway knows about the moves of its table. */
export const moveReportSchema = z.object({
  /** Gateways of one pin store say the same: their counts are of the same pins. */
  store: z.string().min(1).max(200),
  moves: z
    .array(
      z.object({
        agent: z.string(),
        move: z.string(),
        phase,
        /** Turns that were under way when it came are marked. */
        isReady: z.boolean(),
        /** Sessions that are still pinned to the old release; null while the store does not answer. */
        pinned: z.number().int().nonnegative().nullable(),
      }),
    )
    .max(1000),
});
export type MoveReport = z.infer<typeof moveReportSchema>;
