import { z } from "zod";
import { routeMoveSchema } from "./moves.ts";

export const revisionSchema = z.object({
  epoch: z.number().int().nonnegative(),
  sequence: z.number().int().nonnegative(),
});

type RevisionMessage = z.infer<typeof revisionSchema>;

/** A revision as the id of a server-sent event, and as the `Last-Event-ID` of a gateway that holds it already. */
export function formatRevision({ epoch, sequence }: RevisionMessage): string {
  return `${epoch}.${sequence}`;
}

/** Behind an `@` may stand when it was sent. Null for anything else: a reader that says something else is sent the whole table. */
export function parseRevision(text: string): RevisionMessage | null {
  const [, epoch, sequence] = /^(\d{1,15})\.(\d{1,15})(?:@[\d.]{1,30})?$/.exec(text) ?? [];
  return epoch === undefined || sequence === undefined ? null : { epoch: Number(epoch), sequence: Number(sequence) };
}

const jwtPlaceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("bearer") }),
  z.object({ kind: z.enum(["header", "cookie"]), name: z.string().min(1) }),
]);

const simpleExtractorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["header", "cookie", "query"]), name: z.string().min(1) }),
  z.object({ kind: z.literal("path"), template: z.string().startsWith("/") }),
  z.object({ kind: z.enum(["json", "wsFrame"]), pointer: z.string().startsWith("/") }),
  z.object({ kind: z.literal("jwt"), claim: z.string().min(1), from: jwtPlaceSchema }),
]);

const extractorSchema = z.union([
  simpleExtractorSchema,
  z.object({ kind: z.literal("composite"), parts: z.array(simpleExtractorSchema).min(1) }),
]);

const proportion = z.number().min(0).max(1);
const texts = z.array(z.string().min(1)).min(1).readonly();
const readonlyExtractorSchema = z.union([
  simpleExtractorSchema,
  z.object({ kind: z.literal("composite"), parts: z.array(simpleExtractorSchema).min(1).readonly() }),
]);

const conditionSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("method"), method: z.string() }),
  z.object({ kind: z.literal("path"), template: z.string().startsWith("/") }),
  z.object({ kind: z.literal("header"), name: z.string().min(1), equals: z.string() }),
  z.object({ kind: z.literal("json"), pointer: z.string().startsWith("/"), equals: z.string() }),
  z.object({ kind: z.enum(["words", "contains"]), anyOf: texts }),
  z.object({ kind: z.literal("matches"), pattern: z.string() }),
]);

const named = { name: z.string().min(1), version: z.string().min(1) };
const classifierSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rules"),
    ...named,
    rules: z
      .array(z.object({ intent: z.string(), confidence: proportion, when: z.array(conditionSchema).min(1).readonly() }))
      .min(1)
      .readonly(),
  }),
  z.object({
    kind: z.literal("http"),
    ...named,
    urls: z.array(z.string()).readonly(),
    timeoutMs: z.number().positive(),
  }),
]);

/** Whom a rollout draws. `docs/sessions.md` says what each strategy does. */
const strategySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("session") }),
  z.object({ kind: z.literal("user"), userKey: z.array(readonlyExtractorSchema).min(1).readonly() }),
  z.object({
    kind: z.literal("intent"),
    include: texts,
    minConfidence: proportion,
    text: z.array(readonlyExtractorSchema).readonly(),
    classifier: classifierSchema,
    auditBp: z.number().int().min(0).max(10_000),
  }),
]);

const learnerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("responseHeader"), name: z.string().min(1) }),
  z.object({ kind: z.literal("responseJson"), pointer: z.string().startsWith("/"), startsWith: z.string() }),
]);

/**
 * The routing table as the server streams it: `GET /v1/gateways/:id/table` answers with server-sent events.
 * `event: table` carries this object, under its revision as the event's id; `event: lease` carries a `revisionSchema` and
 * renews the lease of the table held. A gateway that comes back says by `Last-Event-ID` which table is in force there: if
 * that is the present one, it gets its lease only.
 */
export const routingTableSchema = z.object({
  revision: revisionSchema,
  leaseMs: z.number().positive(),
  agents: z.array(
    z.object({
      agent: z.string(),
      /** Servers before this field had agents on every host, and gateways before it read them so. */
      hosts: z.array(z.string()).default([]),
      pathPrefix: z.string(),
      /** Servers before this field refused nobody. */
      refuses: z.string().nullable().default(null),
      current: z.string(),
      /** From servers before this field: the current release. */
      withoutLease: z.string().optional(),
      canary: z
        .object({
          rollout: z.string(),
          step: z.number().int().nonnegative(),
          seed: z.string(),
          weightBp: z.number().int().min(0).max(10_000),
          release: z.string(),
          /** Servers before this field drew sessions. */
          strategy: strategySchema.default({ kind: "session" }),
        })
        .nullable(),
      /** Servers before this field mirrored nothing. */
      mirror: z
        .object({
          rollout: z.string(),
          seed: z.string(),
          percentageBp: z.number().int().min(0).max(10_000),
          release: z.string(),
          timeoutMs: z.number().positive(),
          caps: z.object({
            sessions: z.number().int().nonnegative(),
            turns: z.number().int().nonnegative(),
            requestBytes: z.number().int().nonnegative(),
          }),
        })
        .nullable()
        .default(null),
      releases: z.array(
        z.object({
          release: z.string(),
          version: z.string(),
          urls: z.array(z.string()),
          /** Decommissioned: its sessions are told that they are over. Servers before this field did not say. */
          isRetired: z.boolean().optional(),
        }),
      ),
      sessionExtractors: z.array(extractorSchema),
      sessionLearners: z.array(learnerSchema).default([]),
      idleTimeoutMs: z.number().positive(),
      moves: z.array(routeMoveSchema).default([]),
    }),
  ),
});
export type RoutingTableMessage = z.infer<typeof routingTableSchema>;

/** `POST /v1/gateways/:id/acks`: the gateway assigns by this revision from `appliedAt` (epoch ms) on. */
export const ackSchema = z.object({ revision: revisionSchema, appliedAt: z.number() });
export type Ack = z.infer<typeof ackSchema>;
