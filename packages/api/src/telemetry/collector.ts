import { z } from "zod";

const count = z.number().int();

/** What spans say of their release, against the gateways' records; since the start, of sessions that have matured. */
export const attributionSchema = z.object({
  spansAgreeing: count,
  /** They name no release, and belong to their turn by its trace. */
  spansSilent: count,
  /** They name another release than their turn was sent to: a pod that runs what it should not. */
  spansMisattributed: count,
  misattributed: z.array(z.object({ agent: z.string(), says: z.string(), wasSentTo: z.string(), spans: count })),
});
export type AttributionView = z.infer<typeof attributionSchema>;

/** `GET /v1/collector`: since the start of the server. Fields that a reader does not need are left out here. */
export const collectorViewSchema = z.object({
  /** The server's clock, epoch ms. */
  at: z.number(),
  spansKept: count,
  spansUnknown: count,
  spansRefused: count,
  spansOddlyTimed: count,
  spansAhead: count,
  namesOverflowed: z.record(z.string(), count),
  evaluationsRefused: count,
  transactionsRefused: count.default(0),
  failures: z.record(z.string(), count),
  limitedBySender: z.record(z.string(), count),
  attribution: attributionSchema,
});
export type CollectorView = z.infer<typeof collectorViewSchema>;
