import { z } from "zod";

export const releaseNameSchema = z.object({ digest: z.string(), version: z.string() });
export type ReleaseName = z.infer<typeof releaseNameSchema>;

/** `POST /v1/deployments`: a verified release runs at this URL. The first release of an agent becomes its current one. */
export const deploymentRequestSchema = z.strictObject({
  /** `support@2.3.1` or `support@sha256:…` */
  release: z.string(),
  url: z.url(),
  /** Told by POST to scale the deployment down, and later to delete it, once its release has drained (`sunset:`). */
  hook: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
});
export type DeploymentRequest = z.input<typeof deploymentRequestSchema>;

export const deploymentViewSchema = z.object({
  agent: z.string(),
  release: releaseNameSchema,
  url: z.string(),
  registeredAt: z.number(),
});
export type DeploymentView = z.infer<typeof deploymentViewSchema>;

export const openTransactionsSchema = z.object({
  count: z.number().int(),
  /** The first of them: of the release's own, then of those of which the release is not known. */
  oldest: z.array(
    z.object({
      tool: z.string(),
      id: z.string(),
      session: z.string(),
      openedAt: z.number(),
      /** It may be another release's, and so holds every drain of the agent. */
      isOfUnknownRelease: z.boolean(),
      /** What its tool's lifecycle endpoint was told after the deadline, and said to it; null before. */
      call: z
        .object({
          action: z.enum(["cancel", "transfer"]),
          standing: z.enum(["called", "refused", "agreed"]),
          /** Of what was said last; empty when nothing was. */
          detail: z.string(),
        })
        .nullable()
        .default(null),
    }),
  ),
});
export type OpenTransactionsView = z.infer<typeof openTransactionsSchema>;

export const retirementViewSchema = z.object({
  /** `scaledDown`: no route leads to it any more. */
  stage: z.enum(["draining", "drained", "scaledDown", "decommissioned"]),
  /** The rollout whose file says how. */
  rollout: z.string(),
  since: z.number(),
  deadline: z.number().nullable(),
  onDeadline: z.enum(["migrate", "evict", "cancel", "wait"]).nullable(),
  /** What becomes of open transactions then. */
  transactionsOnDeadline: z.enum(["cancel", "transfer", "wait"]).nullable().default(null),
  /** When its deadline was found to have passed. */
  overdueSince: z.number().nullable(),
  /** What has to happen before the next stage. */
  waitsFor: z.array(z.string()),
  /** Of its tools; null while they cannot be counted. */
  openTransactions: openTransactionsSchema.nullable().default(null),
});
export type RetirementView = z.infer<typeof retirementViewSchema>;

export const releaseStatusSchema = z.enum(["Inactive", "Ramping", "Current", "Draining", "Drained", "Decommissioned"]);

export const killedSchema = z.object({
  killedAt: z.number(),
  actor: z.string(),
  reason: z.string(),
  to: releaseNameSchema.nullable(),
});

/** `GET /v1/agents`, `GET /v1/agents/:agent` */
export const agentViewSchema = z.object({
  agent: z.string(),
  /** Empty: every host. */
  hosts: z.array(z.string()).readonly().default([]),
  pathPrefix: z.string(),
  current: releaseNameSchema.nullable(),
  releases: z.array(
    z.object({
      release: releaseNameSchema,
      status: releaseStatusSchema,
      /** Over all gateways; null while one of them cannot say: there may be any number. */
      livePins: z.number().int().nullable().default(null),
      quarantined: z.boolean(),
      urls: z.array(z.string()),
      /** On its way out by `drain:` or `sunset:` of a rollout file; null for every other one. */
      retirement: retirementViewSchema.nullable().default(null),
    }),
  ),
  activeRollout: z.string().nullable(),
  /** A person has switched it off; `to` null: everybody is refused, else everybody is served by that release. */
  killed: killedSchema.nullable().default(null),
});
export type AgentView = z.infer<typeof agentViewSchema>;

/** `POST /v1/agents/:agent/kill`: everybody is refused, or (`to`) served by one release, until a person ends it. */
export const killRequestSchema = z.strictObject({
  /** A version, digest or pointer of the agent. */
  to: z.string().min(1).nullable().default(null),
  actor: z.string().min(1).max(200).default("api"),
  reason: z.string().min(1).max(1000),
});
export type KillRequest = z.input<typeof killRequestSchema>;

/** `DELETE /v1/agents/:agent/kill` */
export const reviveRequestSchema = killRequestSchema.pick({ actor: true, reason: true });
export type ReviveRequest = z.input<typeof reviveRequestSchema>;
