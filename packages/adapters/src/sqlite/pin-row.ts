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

/** What a claim writes, and no later claim changes. */
export const WRITTEN_ONCE = [
  "release",
  "arm",
  "rollout",
  "step",
  "weight_bp",
  "bucket",
  "seed",
  "epoch",
  "sequence",
  "gateway",
  "assigned_at",
  "override",
  "shadow",
  "targeting",
  "moved",
] as const;
export const PIN_COLUMNS = ["agent", "session", ...WRITTEN_ONCE];

/** In the order of `PIN_COLUMNS`. */
export function pinValues(pin: Pin): (string | number | null)[] {
  return [
    pin.agent,
    pin.session,
    pin.release,
    pin.arm,
    pin.rollout,
    pin.step,
    pin.weightBp,
    pin.bucket,
    pin.seed,
    pin.revision.epoch,
    pin.revision.sequence,
    pin.gateway,
    pin.assignedAt,
    pin.override,
    pin.shadow === null ? null : JSON.stringify(pin.shadow),
    pin.targeting === null ? null : JSON.stringify(pin.targeting),
    pin.moved === null ? null : JSON.stringify(pin.moved),
  ];
}

const rowSchema = z.object({
  agent: z.string(),
  session: z.string(),
  release: z.string(),
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().nullable(),
  weight_bp: z.number().nullable(),
  bucket: z.number().nullable(),
  seed: z.string().nullable(),
  epoch: z.number(),
  sequence: z.number(),
  gateway: z.string(),
  assigned_at: z.number(),
  override: z.string().nullable(),
  targeting: z.string().nullable(),
  shadow: z.string().nullable(),
  moved: z.string().nullable(),
});
const shadowSchema = z.object({
  rollout: z.string().transform(parseRolloutId),
  release: z.string().transform(parseDigest),
});

export function parsePinRow(row: unknown): Pin {
  const pin = rowSchema.parse(row);
  return {
    agent: parseAgentName(pin.agent),
    session: parseSessionId(pin.session),
    release: parseDigest(pin.release),
    arm: pin.arm,
    rollout: pin.rollout === null ? null : parseRolloutId(pin.rollout),
    step: pin.step,
    weightBp: pin.weight_bp,
    bucket: pin.bucket,
    seed: pin.seed,
    revision: { epoch: pin.epoch, sequence: pin.sequence },
    gateway: parseGatewayId(pin.gateway),
    assignedAt: pin.assigned_at,
    override: pin.override,
    shadow: pin.shadow === null ? null : shadowSchema.parse(JSON.parse(pin.shadow)),
    targeting: pin.targeting === null ? null : targetingSchema.parse(JSON.parse(pin.targeting)),
    moved: pin.moved === null ? null : pinMoveSchema.parse(JSON.parse(pin.moved)),
  };
}
