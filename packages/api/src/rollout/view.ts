import { z } from "zod";
import { killedSchema, releaseNameSchema } from "../agent/agent.ts";
import { revisionSchema } from "../gateway/table.ts";
import { gateViewSchema } from "./gate-view.ts";

/** When each gateway applied the revision that carries a decision. `fenced`: its lease ran out before it answered. */
export const propagationSchema = z.object({
  revision: revisionSchema,
  decidedAt: z.number(),
  firstAckAt: z.number().nullable(),
  lastAckAt: z.number().nullable(),
  gateways: z.array(z.object({ gateway: z.string(), ackedAt: z.number().nullable(), fenced: z.boolean() })),
});
export type Propagation = z.infer<typeof propagationSchema>;

export const phaseSchema = z.enum([
  "Pending",
  "Preparing",
  "Shadowing",
  "Shifting",
  "Baking",
  "Paused",
  "Promoting",
  "Succeeded",
  "RollingBack",
  "RolledBack",
  "Aborting",
  "Aborted",
  "Superseding",
  "Superseded",
  "Failed",
]);

export const armViewSchema = z.object({
  /** Assigned under this rollout, mature or not. */
  sessions: z.number().int(),
  matured: z.number().int(),
  turns: z.number().int(),
  meanTurns: z.number().nullable(),
  meanSentiment: z.number().nullable(),
  meanToolCalls: z.number().nullable(),
});
export type ArmView = z.infer<typeof armViewSchema>;

const trafficCountsSchema = z.object({
  canary: z.number().int(),
  /** The baseline release; what is neither is in `all` only. */
  baseline: z.number().int(),
  all: z.number().int(),
});

/**
 * Four shares of the canary, side by side, among all traffic of its agent; null when there is nothing to divide by. Shares of
 * a rollout that another one of the agent has followed are no longer read.
 */
export const driftSchema = z.object({
  target: z.number(),
  newSessions: z.number().nullable(),
  /** Now. */
  liveSessions: z.number().nullable(),
  turns: z.number().nullable(),
  /** From when on new sessions and turns are counted: since the present weight is in force, at most a day. */
  since: z.number().nullable().default(null),
  counts: z
    .object({ newSessions: trafficCountsSchema, liveSessions: trafficCountsSchema, turns: trafficCountsSchema })
    .default({
      newSessions: { canary: 0, baseline: 0, all: 0 },
      liveSessions: { canary: 0, baseline: 0, all: 0 },
      turns: { canary: 0, baseline: 0, all: 0 },
    }),
  /** Live sessions are counted by their pins when every gateway can say, else by their turn records. */
  liveBy: z.enum(["pins", "records"]).default("records"),
});
export type Drift = z.infer<typeof driftSchema>;
/** What was sent to the shadow. */
const mirrorSpentSchema = z.object({
  sessions: z.number().int(),
  turns: z.number().int(),
  requestBytes: z.number().int(),
});

/** In how many pairs one arm did worse than the other, and the evidence that this is not chance. */
const pairCountSchema = z.object({
  onlyShadow: z.number().int(),
  onlyBaseline: z.number().int(),
  logE: z.number(),
});

const pairSideSchema = z.object({
  release: z.string(),
  turns: z.number().int(),
  /** In the order of the user's turns; 0 where no answer began. */
  statuses: z.array(z.number().int()),
  /** Of all its turns together. */
  durationMs: z.number(),
  responseBytes: z.number().int(),
});

/** `GET /v1/rollouts/:id/pairs?limit=…&before=…`: sessions of the rollout that were mirrored, the newest first. */
export const pairPageSchema = z.object({
  pairs: z.array(
    z.object({
      session: z.string(),
      startedAt: z.number(),
      /** Every turn of the session so far has a whole answer of both sides, the shadow's in order. */
      isComplete: z.boolean(),
      /** What is missing; empty when nothing is. */
      incompleteBecause: z.array(z.string()),
      baseline: pairSideSchema,
      shadow: pairSideSchema,
    }),
  ),
  /** To be passed as `before` for the next page; null on the last. */
  next: z.string().nullable(),
});
export type PairPage = z.infer<typeof pairPageSchema>;

/** Figures of sessions in a view are of what the server had been sent this long before it was asked, or of later. */
export const FIGURES_LAG_MS = 400;

/** `GET /v1/rollouts/:id`; `GET /v1/rollouts` lists them, newest first; `…/:id/stream` sends one as each `event: rollout`. */
export const rolloutViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  agent: z.string(),
  phase: phaseSchema,
  /** Why it is in this phase, in a person's words; empty when obvious. */
  reason: z.string(),
  phaseSince: z.number(),
  /** What it waits for while it is `Paused`, e.g. `manual`, `noTraffic` or `undoWindow`; null otherwise. */
  pausedBy: z.string().nullable().default(null),
  /** A rollback that was decided, and will be carried out then unless it is undone; null when there is none. */
  announcement: z
    .object({ announcedAt: z.number(), executesAt: z.number(), culprits: z.array(z.string()), reason: z.string() })
    .nullable()
    .default(null),
  /**
   * Which gates can take the release back once everybody meets it, and why others cannot. `until`: when that ends; null while it is
   * not promoted, and afterwards. Null: nothing is ever promoted.
   */
  afterPromotion: z
    .object({
      until: z.number().nullable(),
      watching: z.array(z.string()),
      silent: z.array(z.object({ gate: z.string(), because: z.string() })),
    })
    .nullable()
    .default(null),
  appliedAt: z.number(),
  endedAt: z.number().nullable(),
  baseline: releaseNameSchema,
  canary: releaseNameSchema,
  /** Null: it mirrors nothing. */
  mirror: z
    .object({
      percentageBp: z.number().int(),
      /** New sessions are mirrored just now. */
      isOn: z.boolean(),
      /** Why it stopped before its time; empty when it did not. */
      stoppedBecause: z.string(),
      spent: mirrorSpentSchema,
      cap: mirrorSpentSchema,
      /** Mirrored sessions as pairs; logarithms are natural. Null before any was read. */
      compared: z
        .object({
          pairs: z.number().int(),
          failures: pairCountSchema,
          slower: pairCountSchema,
          rejectAtLogE: z.number(),
          isRejected: z.boolean(),
        })
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
  /** Of a ramp by harm budget; null for steps that are taken one after the other. */
  harmBudget: z
    .object({
      /** Excess bad sessions that are tolerated over so many windows. */
      budget: z.number(),
      horizonWindows: z.number().int(),
      /** Both arms, as measured in this step; null before a whole window of it. */
      sessionsPerWindow: z.number().nullable(),
      /** The largest excess of bad sessions that no guardrail's evidence excludes. */
      upperExcess: z.number().nullable(),
      /** The weight that the budget affords by now; null while nobody meets the canary. */
      affordableBp: z.number().int().nullable(),
    })
    .nullable()
    .default(null),
  steps: z.array(z.object({ weightBp: z.number().int(), label: z.string() })),
  /** Index into `steps`; null before the first and after the last. */
  step: z.number().int().nullable(),
  weightBp: z.number().int(),
  windowMs: z.number(),
  gates: z.array(gateViewSchema),
  /** Gates whose rejection caused the rollback, at the decision; and all that reject by now. */
  culprits: z.array(z.string()),
  rejectedGates: z.array(z.string()),
  sampleRatio: z.object({ logE: z.number(), alarmAtLogE: z.number(), isMismatch: z.boolean() }),
  waitingFor: z.array(z.string()),
  arms: z.object({ baseline: armViewSchema, canary: armViewSchema }),
  /** Sessions whose turn records name more than one release: must stay 0. */
  switchedSessions: z.number().int(),
  /** Canary sessions assigned by the time the last gateway had the rollback; null while exposed. */
  canarySessionsExposed: z.number().int(),
  /** Canary sessions that had matured when the rollback was decided; null without one. */
  canarySessionsAtDecision: z.number().int().nullable(),
  /** Evidence of harm (logE) by gate when the rollback was decided: what comes later may weigh less. Null without one. */
  evidenceAtDecision: z.record(z.string(), z.number()).nullable(),
  drift: driftSchema,
  propagation: propagationSchema.nullable(),
  timeline: z.array(
    z.object({ at: z.number(), phase: phaseSchema, weightBp: z.number().int(), text: z.string(), actor: z.string() }),
  ),
  /** True when the sessions' clocks were made up (replay). */
  isSynthetic: z.boolean(),
});
export type RolloutView = z.infer<typeof rolloutViewSchema>;

/** The answer to `POST /v1/rollouts` (201): the rollout, and what a careful person would change in its file. */
export const rolloutStartedSchema = rolloutViewSchema.extend({ warnings: z.array(z.string()) });
export type RolloutStarted = z.infer<typeof rolloutStartedSchema>;

/** `POST /v1/rollouts/:id/{pause,resume,rollback,undo,abort,promote}` */
export const rolloutCommandSchema = z.strictObject({
  reason: z.string().max(1000).default(""),
  actor: z.string().max(200).default("api"),
  /** Of `rollback` only: also to a baseline that does not answer. */
  force: z.boolean().default(false),
  /** Of `pause` only: no new session meets the canary meanwhile. */
  freezeNew: z.boolean().default(false),
});
export type RolloutCommand = z.infer<typeof rolloutCommandSchema>;

/** `GET /v1/rollouts/:id/ledger` */
export const ledgerEntrySchema = z.object({
  sequence: z.number().int(),
  at: z.number(),
  subject: z.string(),
  type: z.string(),
  body: z.unknown(),
  previousHash: z.string(),
  hash: z.string(),
});
export type LedgerEntryView = z.infer<typeof ledgerEntrySchema>;

/** `GET /v1/ledger?after=SEQUENCE&limit=N`: entries of all subjects, oldest first; `next` is the next page's `after`. */
export const ledgerPageSchema = z.object({ entries: ledgerEntrySchema.array(), next: z.number().int().nullable() });
export type LedgerPage = z.infer<typeof ledgerPageSchema>;

/** `GET /v1/gateways` */
export const gatewayViewSchema = z.object({
  gateway: z.string(),
  sync: z.enum(["Synced", "Pending", "Stale", "Fenced"]),
  revision: revisionSchema.nullable(),
  lastSeenAt: z.number(),
});
export type GatewayView = z.infer<typeof gatewayViewSchema>;

/**
 * `GET /v1/overview`, and `GET /v1/overview/stream` as `event: overview`, at most twice a second and only when changed;
 * `event: alive` comes from time to time as a sign of life.
 */
export const overviewSchema = z.object({
  at: z.number(),
  rollouts: z.array(rolloutViewSchema),
  gateways: z.array(gatewayViewSchema),
  recentSessions: z.array(
    z.object({
      session: z.string(),
      agent: z.string(),
      arm: z.enum(["baseline", "canary"]),
      release: z.string(),
      maturedAt: z.number(),
      turns: z.number().int(),
      toolSequence: z.array(z.string()),
      isEscalated: z.boolean(),
      meanSentiment: z.number().nullable(),
    }),
  ),
  /** Shown in the banner when the traffic is not real customers, e.g. "Simulated customers and a scripted model". */
  notice: z.string(),
  /** Agents that a person has switched off; `to` null: everybody is refused. Servers before this field did not say. */
  killed: z.array(killedSchema.extend({ agent: z.string() })).default([]),
});
export type Overview = z.infer<typeof overviewSchema>;

/** `POST /v1/clock`, only on a server started with `--clock synthetic`: sets the time and runs one turn of every loop. */
export const clockSchema = z.strictObject({ now: z.number() });
/** The answer: the phase of each rollout by its id. */
export const clockAnswerSchema = z.object({ now: z.number(), phases: z.record(z.string(), phaseSchema) });
export type ClockAnswer = z.infer<typeof clockAnswerSchema>;
