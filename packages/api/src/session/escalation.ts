import { z } from "zod";

/**
 * `POST /v1/sessions/SESSION/escalation`: a person took over. With the header `idempotency-key`, or without any, it counts
 * once a session, however often it is sent.
 */
export const escalationSchema = z.strictObject({
  /** Needed where clients of several agents may have chosen the same session id. */
  agent: z.string().min(1).max(200).nullable().default(null),
  reason: z.string().max(200).nullable().default(null),
  /** When it happened, epoch ms; now, unless said. */
  at: z.number().min(0).max(4_102_444_800_000).nullable().default(null),
});
export type EscalationMessage = z.input<typeof escalationSchema>;
/** The answer, sent once it is durable. */
export const escalationAcceptedSchema = z.object({ accepted: z.literal(1), id: z.string() });
