import { z } from "zod";
import { releaseNameSchema } from "../agent/agent.ts";
import { revisionSchema } from "../gateway/table.ts";

const releaseTurnsSchema = z.object({
  release: releaseNameSchema,
  turns: z.number().int(),
  firstAt: z.number(),
  lastAt: z.number(),
});

/** Why one session is where it is, or was. */
export const placementSchema = z.object({
  agent: z.string(),
  session: z.string(),
  /** The id that was asked for, where it is another name of the session. */
  alias: z.string().nullable(),
  /** `pin`: it is live, and this is what its pin says; `records`: its pin is gone or out of reach, and this is what was recorded. */
  source: z.enum(["pin", "records"]),
  release: releaseNameSchema,
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().int().nullable(),
  weightBp: z.number().int().nullable(),
  bucket: z.number().int().nullable(),
  seed: z.string().nullable(),
  /** Of the routing table by which it was placed; null when only records are left. */
  revision: revisionSchema.nullable(),
  /** The gateway that wrote the pin. */
  gateway: z.string(),
  assignedAt: z.number(),
  /** The override token that chose the release; null for none, or when only records are left. */
  override: z.string().nullable(),
  rule: z.string(),
  /** When the pin is free unless it is renewed; null when it is gone or out of reach. */
  expiresAt: z.number().nullable(),
  idleTimeoutMs: z.number().nullable(),
  /** Null when no turn of it is recorded. */
  records: z
    .object({
      turns: z.number().int(),
      firstAt: z.number(),
      lastAt: z.number(),
      isEnded: z.boolean(),
      maturedAt: z.number().nullable(),
      endedBy: z.enum(["signal", "idle"]).nullable(),
    })
    .nullable(),
  /** Turns that are recorded at another release than the pin's. */
  disagreements: z.array(releaseTurnsSchema),
});
export type PlacementView = z.infer<typeof placementSchema>;

/** `GET /v1/why?session=…&agent=…`: one placement an agent that has such a session; none when it is unknown everywhere. */
export const whyAnswerSchema = z.object({
  placements: z.array(placementSchema),
  /** Where was looked, and what came of it, in a person's words. */
  asked: z.array(z.object({ where: z.string(), outcome: z.string(), isAnswer: z.boolean() })),
});
export type WhyAnswer = z.infer<typeof whyAnswerSchema>;
