import { z } from "zod";

export const revisionSchema = z.object({
  epoch: z.number().int().nonnegative(),
  sequence: z.number().int().nonnegative(),
});

const extractorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("header"), name: z.string() }),
  z.object({ kind: z.literal("cookie"), name: z.string() }),
  z.object({ kind: z.literal("json"), pointer: z.string() }),
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
      releases: z.array(z.object({ release: z.string(), version: z.string(), urls: z.array(z.string()) })),
      sessionExtractors: z.array(extractorSchema),
      idleTimeoutMs: z.number().positive(),
    }),
  ),
});
export type RoutingTableMessage = z.infer<typeof routingTableSchema>;

/** `POST /v1/gateways/:id/acks`: the gateway assigns by this revision from `appliedAt` (epoch ms) on. */
export const ackSchema = z.object({ revision: revisionSchema, appliedAt: z.number() });
export type Ack = z.infer<typeof ackSchema>;
