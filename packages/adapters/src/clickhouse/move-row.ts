import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  type MoveRecord,
} from "@perch/domain";
import { z } from "zod";
import { nullable } from "./nullable.ts";

export function toMoveRow({ from, to, kind: _kind, ...record }: MoveRecord) {
  return { ...record, from_release: from, to_release: to };
}

export const moveRow = z
  .object({
    id: z.string(),
    gateway: z.string().transform(parseGatewayId),
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    from_release: z.string().transform(parseDigest),
    to_release: z.string().transform(parseDigest),
    move: z.string().transform(parseMoveId),
    mode: z.enum(["migrate", "evict", "autoUpgrade"]),
    boundary: z.enum(["agent", "idle", "none"]),
    rollout: nullable(parseRolloutId),
    at: z.number(),
    times: z.number(),
  })
  .transform(({ from_release: from, to_release: to, ...row }): MoveRecord => ({ kind: "move", from, to, ...row }));
