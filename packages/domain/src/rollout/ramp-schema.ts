import { z } from "zod";
import { duration } from "./duration-schema.ts";
import { weight } from "./weight-schema.ts";

const evidenceRamp = z.strictObject({
  mode: z.literal("evidence"),
  ladder: z.array(weight).min(1).max(20).default([5, 25, 50, 100]),
  minStep: duration.default("10m"),
});

const harmBudgetRamp = z.strictObject({
  mode: z.literal("harm-budget"),
  budget: z
    .number()
    .gt(0)
    .max(1_000_000)
    .default(25)
    .meta({ description: "Excess bad outcomes that are tolerated over the horizon, at the worst still believed" }),
  horizon: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(12)
    .meta({ description: "How many windows (analysis.interval) the budget has to last for" }),
  minStep: duration.default("10m"),
});

/** Weights that follow the evidence instead of fixed steps (`statistics.md` 3.10). */
export const rampSchema = z.discriminatedUnion("mode", [evidenceRamp, harmBudgetRamp]);
