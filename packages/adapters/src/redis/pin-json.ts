import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseRolloutId,
  parseSessionId,
  targetingSchema,
  type Pin,
} from "@perch/domain";
import { z } from "zod";
import { pinMoveSchema } from "../pin-json/pin-move.ts";

const pinSchema = z.object({
  agent: z.string().transform(parseAgentName),
  session: z.string().transform(parseSessionId),
  release: z.string().transform(parseDigest),
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().transform(parseRolloutId).nullable(),
  step: z.number().nullable(),
  weightBp: z.number().nullable(),
  bucket: z.number().nullable(),
  seed: z.string().nullable(),
  revision: z.object({ epoch: z.number(), sequence: z.number() }),
  gateway: z.string().transform(parseGatewayId),
  assignedAt: z.number(),
  override: z.string().nullable(),
  /** Pins of older gateways lack it. */
  shadow: z
    .object({ rollout: z.string().transform(parseRolloutId), release: z.string().transform(parseDigest) })
    .nullable()
    .default(null),
  // Pins of older versions lack it.
  targeting: targetingSchema.nullable().default(null),
  // Gateways before this field wrote pins without it.
  moved: pinMoveSchema.nullable().default(null),
});

export function formatPin(pin: Pin): string {
  return JSON.stringify(pin);
}

export function parsePin(json: string): Pin {
  return pinSchema.parse(JSON.parse(json));
}
