import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { duration, positiveDuration } from "./duration-schema.ts";

const outageAction = z
  .enum(["hold", "rollback", "warn"])
  .default("hold")
  .meta({ description: "hold: pause; rollback: take the canary back without blame; warn: only say so" });
const HOLD = "hold" as const;

/** Shorter than this, an ordinary pause of a process would look like a lost gateway. */
const leaseDuration = duration.refine((text) => (parseDurationMs(text) ?? 0) >= 1000, {
  message: "expected a duration of at least 1s",
});

/** Turns are counted by the second, and for an hour. */
const breakerWindow = duration.refine((text) => isBetween(text, 1000, 3_600_000), {
  message: "expected a duration from 1s to 1h",
});

function isBetween(text: string, least: number, most: number): boolean {
  const ms = parseDurationMs(text) ?? least;
  return ms >= least && ms <= most;
}

/** Of `analysis:`, besides the gates. */
export const analysisPolicyFields = {
  initialDelay: duration
    .default("0s")
    .meta({ description: "Sessions that begin this soon after users first meet the canary are not judged" }),
  maxHold: positiveDuration
    .default("12h")
    .meta({ description: "How long a step may stay without a verdict after its time" }),
  onInconclusive: z.enum(["hold", "rollback", "proceed"]).default("hold").meta({
    description: "After maxHold. proceed: to the next step; a promotion then waits for a person all the same",
  }),
  noTraffic: z
    .strictObject({ gracePeriod: positiveDuration.default("30m"), action: outageAction })
    .default({ gracePeriod: "30m", action: HOLD })
    .meta({ description: "When no session of the canary begins for this long" }),
  consecutiveErrorLimit: z.number().int().min(1).max(1000).default(4).meta({
    description: "Failed reads of the sessions in a row before the rollout pauses until they can be read again",
  }),
  sampleRatioMismatch: z
    .strictObject({ alpha: z.number().gt(0).max(0.1).default(0.001), action: outageAction })
    .default({ alpha: 0.001, action: HOLD }),
  circuitBreaker: z
    .strictObject({
      metric: z.literal("turn_error_rate").default("turn_error_rate"),
      max: z.number().gt(0).lt(1).default(0.5),
      window: breakerWindow.default("30s"),
    })
    .optional()
    .meta({ description: "Rolls back by the gateways' own counts of failed turns" }),
};

export const PROPAGATION = { deadline: "2s", lease: "15s", quorum: "all" } as const;
export const WINDOW = { revisions: 0, duration: "24h" };

export const rollbackSchema = z.strictObject({
  automatic: z.boolean().default(true),
  undoWindow: duration.default("0s").meta({
    description: "An automatic rollback is announced, and carried out after this long unless it is undone",
  }),
  pinnedSessions: z
    .enum(["drain", "migrate", "evict"])
    .default("drain")
    .meta({ description: "What becomes of the canary's live sessions after a rollback" }),
  propagation: z
    .strictObject({
      deadline: positiveDuration.default(PROPAGATION.deadline),
      lease: leaseDuration.default(PROPAGATION.lease),
      quorum: z.literal("all").default("all"),
    })
    .default(PROPAGATION),
  window: z
    .strictObject({
      revisions: z.number().int().min(0).max(100).default(WINDOW.revisions),
      duration: duration.default(WINDOW.duration),
    })
    .default(WINDOW)
    .meta({
      description: "How long a promotion can be rolled back, and which earlier releases come back without steps",
    }),
  requireHealthyTarget: z.boolean().default(true).meta({
    description: "Look whether the baseline answers before sessions are sent back to it",
  }),
});
export type RollbackEntry = z.infer<typeof rollbackSchema>;

export const ROLLBACK: RollbackEntry = {
  automatic: true,
  undoWindow: "0s",
  pinnedSessions: "drain",
  propagation: PROPAGATION,
  window: WINDOW,
  requireHealthyTarget: true,
};

export const promotionSchema = z.strictObject({
  requiresApproval: z.boolean().default(false).meta({ description: "A person approves the promotion (resume)" }),
  bakeTime: duration.default("1h").meta({
    description: "For this long after a promotion, harm still rolls it back by itself",
  }),
});
export type PromotionEntry = z.infer<typeof promotionSchema>;
