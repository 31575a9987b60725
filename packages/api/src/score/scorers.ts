import { z } from "zod";

const spentSchema = z.object({ calls: z.number().int(), usd: z.number() });

/** `GET /v1/scorers` */
export const scorersViewSchema = z.object({
  scorers: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      /** Null: every agent's sessions. */
      agents: z.array(z.string()).nullable(),
      samplePercent: z.number(),
      /** Sessions that wait for it. */
      waiting: z.number().int(),
      scored: z.number().int(),
      /** Sessions that it should have judged and did not, by why. */
      unscored: z.partialRecord(
        z.enum(["refused", "gave_up", "budget", "queue_full", "nothing_to_judge"]),
        z.number().int(),
      ),
      lastHour: spentSchema,
      lastDay: spentSchema,
      budget: z.object({
        callsPerHour: z.number().nullable(),
        callsPerDay: z.number().nullable(),
        usdPerHour: z.number().nullable(),
        usdPerDay: z.number().nullable(),
        usdPerCall: z.number(),
      }),
      /** What is wrong with its answers; null when the last one was good, or there was none. */
      trouble: z.string().nullable(),
    }),
  ),
});
export type ScorersView = z.infer<typeof scorersViewSchema>;
