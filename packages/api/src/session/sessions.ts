import { z } from "zod";
import { sessionMeasuresSchema } from "./measures.ts";
import { releaseNameSchema, releaseStatusSchema } from "../agent/agent.ts";

/** One session by its turn records. */
export const listedSessionSchema = z.object({
  agent: z.string(),
  session: z.string(),
  /** Of its latest record; the version is empty for a release that the server has never admitted. */
  release: releaseNameSchema,
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().int().nullable(),
  startedAt: z.number(),
  lastTurnAt: z.number(),
  turns: z.number().int(),
  /** Different releases among its records. */
  releases: z.number().int(),
  /** `live`: a turn within the idle timeout and no end; `ended`: over, not settled; `mature`: over and settled. */
  state: z.enum(["live", "ended", "mature"]),
  /** Of a mature one. */
  settled: z.object({ isEscalated: z.boolean(), measures: sessionMeasuresSchema }).nullable().default(null),
});
export type ListedSessionView = z.infer<typeof listedSessionSchema>;

/** What goes on at one release. */
export const releaseActivitySchema = z.object({
  agent: z.string(),
  release: releaseNameSchema,
  status: releaseStatusSchema,
  /** Live pins over all gateways; null while one of them cannot say: there may be any number. */
  livePins: z.number().int().nullable(),
  /** Live sessions by their turn records. */
  live: z.number().int(),
  oldestAt: z.number().nullable(),
  lastTurnAt: z.number().nullable(),
});
export type ReleaseActivityView = z.infer<typeof releaseActivitySchema>;

/**
 * `GET /v1/sessions?agent=&release=&arm=&rollout=&state=live|all&olderThanMs=&since=&until=&outcome=
 * &escalated=&tool=&limit=&after=`: live sessions oldest first, or
 * all of them newest first, page by page.
 */
export const sessionListSchema = z.object({
  at: z.number(),
  releases: z.array(releaseActivitySchema),
  sessions: z.array(listedSessionSchema),
  /** For the next page, as `after`; null on the last. */
  next: z.string().nullable(),
});
export type SessionList = z.infer<typeof sessionListSchema>;
