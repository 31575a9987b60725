import { z } from "zod";
import { duration, positiveDuration } from "./duration-schema.ts";
import { parseDurationMs } from "./duration.ts";
import type { DrainPlan, SunsetPlan } from "./retirement.ts";

const openTransactionsSchema = z
  .strictObject({
    onDeadline: z.enum(["cancel", "transfer", "wait"]).meta({
      description:
        "What becomes of transactions of its tools that are open at the deadline, as far as Perch was told of them",
    }),
    hook: z.enum(["tool.cancel", "tool.transfer"]).optional().meta({
      description: "Which lifecycle endpoint of the tool is called; left out: the one of the same name",
    }),
  })
  .superRefine(({ onDeadline, hook }, context) => {
    if (hook === undefined || hook === `tool.${onDeadline}`) return;
    const expected = onDeadline === "wait" ? "none: nobody is called with onDeadline: wait" : `tool.${onDeadline}`;
    context.addIssue({ code: "custom", path: ["hook"], message: `expected ${expected}`, input: hook });
  });

const drainFields = z.strictObject({
  deadline: positiveDuration
    .default("24h")
    .meta({ description: "How long a release that gets no new sessions is left with those it has" }),
  onDeadline: z.enum(["migrate", "evict", "cancel", "wait"]).default("migrate").meta({
    description:
      "Sessions go on with the current release: at their next safe boundary (migrate), or with their next turn (evict); cancel: as evict, and open transactions are cancelled; wait: they stay, and it is said to be late",
  }),
  openTransactions: openTransactionsSchema.optional().meta({
    description: "Left out: cancelled with onDeadline: cancel, else waited for",
  }),
});

/** `drain:` of a rollout file. */
export const drainSchema = drainFields.superRefine(({ onDeadline, openTransactions }, context) => {
  if (onDeadline !== "cancel" || openTransactions === undefined || openTransactions.onDeadline === "cancel") return;
  const path = ["openTransactions", "onDeadline"];
  const message =
    "expected cancel beside drain.onDeadline: cancel; or write evict there, which leaves transactions alone";
  context.addIssue({ code: "custom", path, message, input: openTransactions.onDeadline });
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
  const { deadline, onDeadline, openTransactions } = entry;
  const otherwise = onDeadline === "cancel" ? "cancel" : "wait";
  return {
    deadlineMs: parseDurationMs(deadline) ?? 0,
    onDeadline,
    openTransactions: openTransactions?.onDeadline ?? otherwise,
  };
}

export function sunsetPlanOf(entry: z.infer<typeof sunsetSchema> | undefined): SunsetPlan | null {
  if (entry === undefined) return null;
  return {
    scaledownDelayMs: parseDurationMs(entry.scaledownDelay) ?? 0,
    deleteDelayMs: parseDurationMs(entry.deleteDelay) ?? 0,
    keepLast: entry.keepLast,
  };
}
