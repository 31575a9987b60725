import { z } from "zod";
import { whySchema } from "./status.ts";

/**
 * What a server may ask a gateway, over the stream of tables as `event: question`. So gateways need no address that the
 * server could reach. A gateway of an earlier version does not answer.
 */
export const questionSchema = z.object({
  id: z.string().min(1),
  ask: z.discriminatedUnion("kind", [
    /** Which live pin an id leads to; of every agent when none is named. */
    z.object({ kind: z.literal("session"), agent: z.string().nullable(), session: z.string() }),
    /** How many live pins the gateway's store has, by release. */
    z.object({ kind: z.literal("pins") }),
    /** Which version it is, and whether its pin store can be written. */
    z.object({ kind: z.literal("about") }),
  ]),
});
export type Question = z.infer<typeof questionSchema>;

/** `POST /v1/gateways/:id/answers` */
export const questionAnswerSchema = z.object({
  question: z.string().min(1),
  answer: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("session"), placements: z.array(whySchema) }),
    z.object({
      kind: z.literal("pins"),
      /** Gateways that share their pins give the same. */
      store: z.string().min(1).max(200),
      live: z.array(z.object({ agent: z.string(), release: z.string(), pins: z.number().int().nonnegative() })),
    }),
    z.object({
      kind: z.literal("about"),
      version: z.string().max(200),
      /** Null: it can. */
      pinStore: z.object({ failure: z.string().max(2000).nullable() }),
    }),
    z.object({ kind: z.literal("failed"), reason: z.string().max(2000) }),
  ]),
});
export type QuestionAnswer = z.infer<typeof questionAnswerSchema>;
