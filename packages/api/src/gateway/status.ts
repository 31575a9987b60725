import { z } from "zod";
import { moveRecordSchema } from "./moves.ts";
import { revisionSchema } from "./table.ts";

/** What one rollout's strategy made of the sessions that began at this gateway. */
export const strategyCountsSchema = z.object({
  agent: z.string(),
  rollout: z.string(),
  kind: z.enum(["user", "intent"]),
  /**
   * New sessions by outcome: `keyed` and `unkeyed` of users; `eligible`, `notIncluded` and the reasons of an unsure classifier
   * of intents. Only `keyed` and `eligible` are drawn.
   */
  sessions: z.record(z.string(), z.number().int()),
  /** Later turns that were classified again; null where users are drawn. */
  audit: z
    .object({
      sampled: z.number().int(),
      /** The session is drawn or left out as this turn would be. */
      agreed: z.number().int(),
      misrouted: z.number().int(),
      /** The classifier was unsure of this turn. */
      unsure: z.number().int(),
      /** Left alone, because too many were being classified. */
      dropped: z.number().int(),
      /** What was misrouted: the intent of the first turn, null for none, and of the later one, and whether that is included. */
      byIntent: z.array(
        z.object({
          assigned: z.string().nullable(),
          found: z.string(),
          eligible: z.boolean(),
          turns: z.number().int(),
        }),
      ),
    })
    .nullable(),
});
export type StrategyCounts = z.infer<typeof strategyCountsSchema>;

const gatewayProcessSchema = z.object({
  gateway: z.string(),
  /** Empty from a gateway before this field. */
  version: z.string().default(""),
  startedAt: z.number(),
  uptimeMs: z.number().default(0),
  /** Null until a first routing table was applied. */
  revision: revisionSchema.nullable(),
  leaseValid: z.boolean(),
  /** New sessions are assigned to the baseline only. */
  fenced: z.boolean(),
  /** Null while it is not, or from a gateway before this field. */
  fencedSince: z.number().nullable().default(null),
  lease: z
    .object({
      leaseMs: z.number(),
      /** Null while the server has not stood by the table in force. */
      renewedAt: z.number().nullable(),
    })
    .nullable()
    .default(null),
  /** The connection that brings routing tables. */
  sync: z
    .object({
      isConnected: z.boolean(),
      /** It is so since then. */
      since: z.number(),
      lastError: z.object({ at: z.number(), reason: z.string() }).nullable(),
      /** When the table in force came; null for one from the disk. */
      receivedAt: z.number().nullable(),
      /** Until it was in force, and until the server knew that it is. */
      appliedMs: z.number().nullable(),
      acknowledgedMs: z.number().nullable(),
    })
    .optional(),
  /** It was told to stop, then, and cuts off what is still open at `until`. */
  draining: z.object({ since: z.number(), until: z.number() }).nullable().default(null),
  /** Requests under way. */
  inFlight: z.number().int(),
  pins: z.object({
    /** `pins` is null while the store does not answer: there may be any number. */
    live: z.array(
      z.object({ agent: z.string(), release: z.string(), version: z.string(), pins: z.number().int().nullable() }),
    ),
    /** Requests placed without the pin store since the start, because it failed. */
    storeFaults: z.number().int(),
    /** Pins and aliases decided without the store that wait to be written. */
    unwritten: z.number().int().default(0),
    /** What was decided without the store since the start and could not be kept for writing. */
    dropped: z.number().int().default(0),
    /** Pins decided without the store that another gateway had placed elsewhere, earlier, since the start. */
    conflicts: z.number().int().default(0),
  }),
  /** What clients brought along, since the start. */
  presented: z
    .object({
      signedPins: z.object({
        accepted: z.number().int(),
        expired: z.number().int(),
        foreign: z.number().int(),
        /** The store held another release: it was right. */
        outvoted: z.number().int(),
      }),
      overrides: z.object({ accepted: z.number().int(), ignored: z.number().int() }),
      aliasesLearned: z.number().int(),
    })
    .optional(),
  /** What is sent a second time, to shadow releases. Counts are since the start. */
  mirror: z
    .object({
      /** Whose mirror was begun here. */
      sessions: z.number().int(),
      /** Turns that were sent to a shadow. */
      mirrored: z.number().int(),
      answered: z.number().int(),
      failed: z.record(z.string(), z.number().int()),
      dropped: z.record(z.string(), z.number().int()),
      skipped: z.record(z.string(), z.number().int()),
      /** Sessions whose mirror ended before they did. */
      abandoned: z.number().int(),
      /** What is held of requests just now. */
      queueBytes: z.number().int(),
      queued: z.number().int(),
      inFlight: z.number().int(),
    })
    .optional(),
  /** How the rollouts that draw users or intents chose, since the start. */
  strategies: z.array(strategyCountsSchema).default([]),
  /** The gateway's own spans; null while it makes none. */
  spans: z
    .object({
      queued: z.number().int(),
      sent: z.number().int(),
      dropped: z.number().int(),
      failed: z.number().int(),
    })
    .nullable()
    .default(null),
  /** Of sessions, between releases, since the start. */
  moves: z
    .object({
      moved: z.number().int(),
      /** Turns that had to wait: the store was away, and nobody knew where their session was. */
      unsure: z.number().int(),
    })
    .optional(),
  outbox: z.object({ pending: z.number().int(), buried: z.number().int() }),
  /** Since the start, by release. */
  turns: z.array(z.object({ release: z.string(), turns: z.number().int(), failed: z.number().int() })),
});
export type GatewayProcess = z.infer<typeof gatewayProcessSchema>;

/** `GET /-/status` of a gateway. Any of several workers answers for itself, and tells of all of them. */
export const gatewayStatusSchema = gatewayProcessSchema.extend({
  workers: z
    .object({
      reporting: z.array(gatewayProcessSchema),
      /** Workers that did not answer in time. */
      silent: z.array(z.string()),
    })
    .optional(),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;

const pinMoveSchema = moveRecordSchema.pick({
  move: true,
  mode: true,
  boundary: true,
  from: true,
  rollout: true,
  at: true,
  times: true,
});

/** `GET /-/why?session=…&agent=…` of a gateway: why a session is where it is. The agent may be left out. */
export const whySchema = z.object({
  agent: z.string(),
  session: z.string(),
  release: z.string(),
  /** Null when the release is no longer in the routing table. */
  version: z.string().nullable(),
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().int().nullable(),
  weightBp: z.number().int().nullable(),
  bucket: z.number().int().nullable(),
  seed: z.string().nullable(),
  revision: revisionSchema,
  /** The gateway that wrote the pin. */
  gateway: z.string(),
  assignedAt: z.number(),
  /** The override token that chose the release; null for a session that was assigned. */
  override: z.string().nullable().default(null),
  /** What the rollout's strategy made of the session; null where sessions are drawn by their own ids. */
  targeting: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("user"), rollout: z.string(), place: z.string().nullable() }),
      z.object({
        kind: z.literal("intent"),
        rollout: z.string(),
        classifier: z.string(),
        outcome: z.string(),
        intent: z.string().nullable(),
        confidence: z.number().nullable(),
      }),
    ])
    .nullable()
    .default(null),
  /** The last move of the session; null when it is where it was assigned. */
  moved: pinMoveSchema.nullable().default(null),
  /** The reason in a person's words. */
  rule: z.string(),
  /** The id that was asked for, where it is another name of the session. */
  alias: z.string().nullable().default(null),
  /** When the pin is free unless it is renewed. */
  expiresAt: z.number().nullable().default(null),
  /** How long a pin of the agent outlives its last request; null when the agent is no longer in the routing table. */
  idleTimeoutMs: z.number().nullable().default(null),
});
export type Why = z.infer<typeof whySchema>;
