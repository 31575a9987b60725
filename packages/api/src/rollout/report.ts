import { z } from "zod";
import { rolloutViewSchema } from "./view.ts";

/** A call of a tool that changes the world, by a canary's session. */
const writeCallSchema = z.object({
  session: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  at: z.number(),
  tool: z.string(),
  isError: z.boolean(),
  argumentsDigest: z.string().nullable(),
  argumentShape: z.string().nullable(),
  resultDigest: z.string().nullable(),
  idempotencyKey: z.string().nullable(),
  callId: z.string().nullable(),
});

const blastRadiusSchema = z.object({
  /** Why it cannot be told; empty when it can. */
  unknownBecause: z.string(),
  /** Every tool that the canary declares with `effect: write`. `cancel`: where a call of it is taken back, if declared. */
  tools: z.array(
    z.object({
      tool: z.string(),
      cancel: z.string().nullable(),
      calls: z.number().int(),
      failed: z.number().int(),
      sessions: z.number().int(),
    }),
  ),
  /** Earliest first within a session. */
  calls: z.array(writeCallSchema),
  /** There are more calls than are listed, or more sessions than were read. */
  isCut: z.boolean(),
});

/** `GET /v1/rollouts/:id/report?calls=…`: everything about a rollout that is worth keeping, at one moment. */
export const reportSchema = z.object({
  at: z.number(),
  rollout: rolloutViewSchema,
  /** Sessions judged by arm, cumulative, one point a block; thinned to at most 300. */
  exposure: z.array(
    z.object({
      at: z.number(),
      step: z.number().int(),
      canarySessions: z.number().int(),
      baselineSessions: z.number().int(),
    }),
  ),
  /** Bad canary sessions beyond what the baseline of the same steps would have had, by gate. Negative: fewer. */
  excess: z.array(z.object({ gate: z.string(), sessions: z.number().int(), bad: z.number() })),
  /** What may still come, at the worst rate that the evidence does not exclude; null where it cannot be told. */
  outlook: z.object({
    sessionsPerWindow: z.number().nullable(),
    upperExcess: z.number().nullable(),
    /** The weight that would be next, or the present one at the end. */
    nextWeightBp: z.number().int().nullable(),
    horizonWindows: z.number().int(),
    worstHarm: z.number().nullable(),
  }),
  /** Who asked for what, and who agreed. */
  decided: z.array(z.object({ at: z.number(), actor: z.string(), did: z.string(), why: z.string() })),
  /** The rollout's last entry in the ledger: its hash stands for everything before it. */
  ledger: z.object({ entries: z.number().int(), sequence: z.number().int(), hash: z.string() }),
  blastRadius: blastRadiusSchema,
});
export type ReportView = z.infer<typeof reportSchema>;
