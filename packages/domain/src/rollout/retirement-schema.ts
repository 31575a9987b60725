import { z } from "zod";
import { duration, positiveDuration } from "./duration-schema.ts";
import { parseDurationMs } from "./duration.ts";
import type { DrainPlan, SunsetPlan } from "./retirement.ts";

const NO_TRANSACTIONS =
  "expected none: Perch does not learn which tool calls a release has left open, so it could not cancel or hand over any; leave it out";
const ON_DEADLINE =
  "expected migrate, evict or wait; nothing is cancelled: Perch does not learn which tool calls a release has left open";

/** `drain:` of a rollout file. */
export const drainSchema = z.strictObject({
  deadline: positiveDuration
    .default("24h")
    .meta({ description: "How long a release that gets no new sessions is left with those it has" }),
  onDeadline: z.enum(["migrate", "evict", "wait"], { error: ON_DEADLINE }).default("migrate").meta({
    description:
      "migrate: at their next safe boundary; evict: with their next turn; wait: stay, and say that it is late",
  }),
  openTransactions: z.never({ error: NO_TRANSACTIONS }).optional(),
});

/** `sunset:` of a rollout file. */
export const sunsetSchema = z
  .strictObject({
    scaledownDelay: duration.default("1h").meta({
      description:
        "From the end of the drain until no route leads to the release and its deployments are told to scale down",
    }),
    deleteDelay: duration.default("24h").meta({
      description: "From the end of the drain until the release is decommissioned; not less than scaledownDelay",
    }),
    keepLast: z.number().int().min(0).max(100).default(3).meta({
      description: "So many of the agent's drained releases stay as they are, those that drained last",
    }),
  })
  .superRefine(({ scaledownDelay, deleteDelay }, context) => {
    if ((parseDurationMs(deleteDelay) ?? 0) >= (parseDurationMs(scaledownDelay) ?? 0)) return;
    const message = "expected at least scaledownDelay: both begin when the release has drained";
    context.addIssue({ code: "custom", path: ["deleteDelay"], message, input: deleteDelay });
  });

export function drainPlanOf(entry: z.infer<typeof drainSchema> | undefined): DrainPlan | null {
  if (entry === undefined) return null;
  return { deadlineMs: parseDurationMs(entry.deadline) ?? 0, onDeadline: entry.onDeadline };
}

export function sunsetPlanOf(entry: z.infer<typeof sunsetSchema> | undefined): SunsetPlan | null {
  if (entry === undefined) return null;
  return {
    scaledownDelayMs: parseDurationMs(entry.scaledownDelay) ?? 0,
    deleteDelayMs: parseDurationMs(entry.deleteDelay) ?? 0,
    keepLast: entry.keepLast,
  };
}
