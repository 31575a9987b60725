import { z } from "zod";

/** What an HTTP classifier is asked by POST: what a session's first turn is about. It gets no headers, cookies or ids. */
export const classifyRequestSchema = z.object({
  agent: z.string(),
  /** Who is asked, as the rollout file names it. */
  classifier: z.object({ name: z.string(), version: z.string() }),
  method: z.string(),
  /** As the agent sees it, without the query. */
  path: z.string(),
  /** The user's words, at most 4000 characters; empty when none were found. */
  text: z.string(),
  /** The beginning of the body, at most 4000 characters. */
  excerpt: z.string(),
});
export type ClassifyRequest = z.infer<typeof classifyRequestSchema>;

/** Its answer, with status 200. */
export const classifyAnswerSchema = z.object({
  /** Words joined by dots, such as `refund.status`; null when the turn has none of the intents it knows. */
  intent: z.string().nullable(),
  confidence: z.number().min(0).max(1),
  /** Its own: an answer of another version than the rollout file names does not count. */
  version: z.string(),
});
export type ClassifyAnswer = z.infer<typeof classifyAnswerSchema>;
