import { parseDigest, parseMoveId, parseRolloutId } from "@perch/domain";
import { z } from "zod";

/** A pin's last move as both pin stores keep it: JSON. */
export const pinMoveSchema = z.object({
  move: z.string().transform(parseMoveId),
  mode: z.enum(["migrate", "evict", "autoUpgrade"]),
  boundary: z.enum(["agent", "idle", "none"]),
  from: z.string().transform(parseDigest),
  rollout: z.string().transform(parseRolloutId).nullable(),
  at: z.number(),
  times: z.number(),
});
