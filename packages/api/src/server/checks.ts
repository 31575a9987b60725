import { z } from "zod";

const failure = z.string().nullable();

/**
 * `GET /v1/checks`: what the server finds when it tries what it lives on, now. A `failure` is null where it works, else why
 * not. Something is written to each store; what was written is gone again, or expires within days.
 */
export const serverChecksSchema = z.object({
  version: z.string(),
  stores: z.array(z.object({ store: z.enum(["state", "traces"]), failure })),
  /** Where the server keeps what it keeps on its own disk; null where that cannot be told. */
  disk: z.object({ directory: z.string(), freeBytes: z.number(), totalBytes: z.number() }).nullable(),
  /** Those that are connected. Null: it did not answer in time, or is of a version that cannot. */
  gateways: z.array(
    z.object({
      gateway: z.string(),
      about: z.object({ version: z.string(), pinStore: z.object({ failure }) }).nullable(),
    }),
  ),
  /** Models without a price, of sessions that ended within the last `days`; the most frequent first. */
  unpriced: z.object({
    days: z.number(),
    models: z.array(z.object({ model: z.string(), sessions: z.number().int() })),
  }),
  /** Spans of the last `minutes`, but for what came in just now, and how many of them belong to no session; the most frequent names of these. */
  unjoined: z.object({
    minutes: z.number(),
    spans: z.number().int(),
    unjoined: z.number().int(),
    names: z.array(z.string()),
  }),
});
export type ServerChecks = z.infer<typeof serverChecksSchema>;
