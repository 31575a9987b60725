import { z } from "zod";

export const revisionSchema = z.object({
  epoch: z.number().int().nonnegative(),
  sequence: z.number().int().nonnegative(),
});

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

const learnerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("responseHeader"), name: z.string().min(1) }),
  z.object({ kind: z.literal("responseJson"), pointer: z.string().startsWith("/"), startsWith: z.string() }),
]);

/**
 * The routing table as the server streams it: `GET /v1/gateways/:id/table` answers with server-sent events.
 * `event: table` carries this object; `event: lease` carries a `revisionSchema` and renews the lease of the table held.
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
      current: z.string(),
      canary: z
        .object({
          rollout: z.string(),
          step: z.number().int().nonnegative(),
          seed: z.string(),
          weightBp: z.number().int().min(0).max(10_000),
          release: z.string(),
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
      releases: z.array(z.object({ release: z.string(), version: z.string(), urls: z.array(z.string()) })),
      sessionExtractors: z.array(extractorSchema),
      sessionLearners: z.array(learnerSchema).default([]),
      idleTimeoutMs: z.number().positive(),
    }),
  ),
});
export type RoutingTableMessage = z.infer<typeof routingTableSchema>;

/** `POST /v1/gateways/:id/acks`: the gateway assigns by this revision from `appliedAt` (epoch ms) on. */
export const ackSchema = z.object({ revision: revisionSchema, appliedAt: z.number() });
export type Ack = z.infer<typeof ackSchema>;
