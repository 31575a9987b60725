import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { duration, positiveDuration } from "./duration-schema.ts";
import { gateSchema } from "./gate-schema.ts";
import { analysisPolicyFields, promotionSchema, ROLLBACK, rollbackSchema } from "./policy-schema.ts";
import { rampSchema } from "./ramp-schema.ts";
import { drainSchema, sunsetSchema } from "./retirement-schema.ts";
import { strategySchema } from "./strategy-schema.ts";
import { webhooksSchema } from "./webhook-schema.ts";
import { weight } from "./weight-schema.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const mirrorTimeout = duration.refine((text) => isBetween(text, 1000, 600_000), {
  message: "expected a duration from 1s to 10m",
});
const count = (otherwise: number) => z.number().int().min(1).max(1_000_000_000_000).default(otherwise);
const SPEND_CAP = { sessions: 1000, turns: 10_000, requestBytes: 1_000_000_000 };

const mirrorSchema = z.strictObject({
  percentage: weight,
  sideEffects: z
    .literal("block", { error: "expected block: what is mirrored must not act on the world a second time" })
    .meta({ description: "The agent must heed the header x-perch-shadow: 1 and answer tools that write from a stub" }),
  timeout: mirrorTimeout.default("60s"),
  spendCap: z
    .strictObject({
      sessions: count(SPEND_CAP.sessions),
      turns: count(SPEND_CAP.turns),
      requestBytes: count(SPEND_CAP.requestBytes),
    })
    .default(SPEND_CAP)
    .meta({ description: "How much is mirrored in all" }),
});

const stepSchema = z.strictObject({
  setWeight: weight.optional(),
  setMirrorRoute: mirrorSchema.optional().meta({ description: "The first step only: nobody meets the canary yet" }),
  pause: z
    .strictObject({
      duration: duration.optional(),
      minSampleSize: z.number().int().min(0).max(10_000_000).optional(),
      requiresApproval: z.boolean().optional(),
    })
    .optional(),
});

const boundary = z.union([
  z.literal("conversation-end"),
  z
    .strictObject({ header: z.boolean().default(true), idle: positiveDuration.optional() })
    .refine(({ header, idle }) => header || idle !== undefined, {
      message: "expected header: true, an idle time, or both: else there is no boundary",
    }),
]);

const pinsSchema = z.strictObject({
  idleTimeout: positiveDuration.optional(),
  versioningBehavior: z.enum(["Pinned", "AutoUpgrade"]).default("Pinned").meta({
    description: "AutoUpgrade: after a promotion, sessions of the old baseline move at their next safe boundary",
  }),
  safeBoundary: boundary
    .optional()
    .meta({ description: "Where a live session may be moved: conversation-end, or header and/or an idle time" }),
});

const analysisSchema = z.strictObject({
  interval: positiveDuration.default("5m"),
  consecutiveFailureLimit: z.number().int().min(1).max(100).default(3),
  familyWiseErrorRate: z.number().gt(0).max(0.5).default(0.01),
  lateness: duration.optional(),
  ...analysisPolicyFields,
  gates: z.array(gateSchema).min(1).max(50),
  webhooks: webhooksSchema.default([]),
});

function isBetween(text: string, least: number, most: number): boolean {
  const ms = parseDurationMs(text) ?? least;
  return ms >= least && ms <= most;
}

/** A rollout file as a person writes it. What spans several fields is checked by `spec-checks.ts`. */
export const rolloutSpecSchema = z
  .strictObject({
    apiVersion: z.literal("perch.dev/v1"),
    kind: z.literal("Rollout"),
    metadata: z.strictObject({
      name: z.string().regex(NAME, "expected 1 to 63 lower-case letters, digits and dashes"),
      labels: z.record(z.string(), z.string()).default({}),
    }),
    spec: z.strictObject({
      agent: z.string().regex(NAME, "expected an agent's name: lower-case letters, digits and dashes"),
      release: z.string().min(1),
      baseline: z.string().min(1).default("current"),
      strategy: strategySchema,
      pins: pinsSchema.optional(),
      steps: z.array(stepSchema).min(1).max(50).optional(),
      ramp: rampSchema.optional(),
      analysis: analysisSchema.optional(),
      supersede: z.enum(["replace", "queue", "reject"]).default("reject").meta({
        description:
          "While another rollout of the agent is under way: take its place, wait until it is over, or refuse to start",
      }),
      rollback: rollbackSchema.default(ROLLBACK),
      promotion: promotionSchema.default({ requiresApproval: false, bakeTime: "1h" }),
      drain: drainSchema.optional().meta({
        description: "How long the release that is left behind keeps its sessions; left out: as long as they last",
      }),
      sunset: sunsetSchema.optional().meta({
        description: "When a release that has drained is taken away; left out: never",
      }),
    }),
  })
  .meta({ title: "Perch rollout", description: "Moves an agent from its baseline release to a canary release" });

export type RolloutSpec = z.infer<typeof rolloutSpecSchema>;
export type AnalysisEntry = z.infer<typeof analysisSchema>;

/** The JSON Schema of a rollout file, for editors and other tools. */
export function rolloutJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(rolloutSpecSchema, { io: "input", target: "draft-2020-12" }) };
}
