import { z } from "zod";

/** What a settled session took and came to; null: not known, which is never the same as 0. */
export const sessionMeasuresSchema = z.object({
  costUsd: z.number().nullable(),
  /** Models without a price: with any of them the cost is not known. */
  unpricedModels: z.array(z.string()).readonly(),
  durationMs: z.number(),
  slowestTurnMs: z.number().nullable(),
  firstResponseMs: z.number().nullable(),
  slowestFirstByteMs: z.number().nullable(),
  firstTokenMs: z.number().nullable(),
  steps: z.number().int(),
  toolCalls: z
    .record(
      z.string(),
      z.object({ calls: z.number().int(), failed: z.number().int(), invalidArguments: z.number().int() }),
    )
    .readonly(),
  retries: z.number().int(),
  loops: z.number().int(),
  argumentShapes: z.array(z.string()).readonly(),
  outcome: z.enum(["success", "failure"]).nullable(),
  intent: z.string().nullable(),
  evaluators: z.record(z.string(), z.string()).readonly(),
});
export type SessionMeasuresView = z.infer<typeof sessionMeasuresSchema>;
