import { z } from "zod";

const arm = z.enum(["baseline", "canary"]);

/** `GET /v1/rollouts/:id/transitions?limit=`: which tool follows which, over matured sessions. */
export const transitionsSchema = z.object({
  transitions: z.array(
    z.object({
      arm,
      /** Null: the session's beginning. */
      from: z.string().nullable(),
      /** Null: its end. */
      to: z.string().nullable(),
      times: z.number().int(),
      sessions: z.number().int(),
    }),
  ),
});
export type Transitions = z.infer<typeof transitionsSchema>;

/** `GET /v1/rollouts/:id/percentiles`: over the matured sessions of which the measure is known. */
export const percentilesSchema = z.object({
  percentiles: z.array(
    z.object({
      arm,
      measure: z.enum([
        "durationMs",
        "slowestTurnMs",
        "firstResponseMs",
        "costUsd",
        "inputTokens",
        "outputTokens",
        "steps",
        "toolCalls",
        "turns",
      ]),
      sessions: z.number().int(),
      p50: z.number(),
      p90: z.number(),
      p95: z.number(),
      p99: z.number(),
    }),
  ),
});
export type Percentiles = z.infer<typeof percentilesSchema>;
