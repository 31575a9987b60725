import type { AgentRecord, Digest, SessionCursor, SessionQuery } from "@perch/domain";
import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { unknownAgent } from "./agent-routes.ts";
import { parseCursor } from "./session-cursor.ts";

const text = z.string().nullable().default(null);
const moment = z.string().transform(Number).pipe(z.number()).nullable().default(null);
const querySchema = z.strictObject({
  agent: text,
  release: text,
  arm: z.enum(["baseline", "canary"]).nullable().default(null),
  rollout: text,
  state: z.enum(["live", "all"]).default("live"),
  since: moment,
  until: moment,
  outcome: z.enum(["success", "failure"]).nullable().default(null),
  escalated: z
    .enum(["true", "false"])
    .transform((said) => said === "true")
    .nullable()
    .default(null),
  tool: z.string().min(1).max(200).nullable().default(null),
  olderThanMs: z.string().transform(Number).pipe(z.number().nonnegative()).nullable().default(null),
  limit: z.string().transform(Number).pipe(z.number().int().min(1).max(1000)).default(50),
  after: text,
});

export type QueryContext = {
  readonly now: number;
  readonly liveSince: number;
  readonly agents: readonly AgentRecord[];
};

/** Throws `ApiError` `query_malformed`, `unknown_agent`, `release_not_of_agent`. */
export function parseSessionQuery(query: Record<string, string>, context: QueryContext): SessionQuery {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const { agent, release, after, olderThanMs, ...asked } = parsed.data;
  const agents = agent === null ? context.agents : [agentOf(agent, context)];
  return {
    agent,
    releases: release === null ? null : releasesOf(release, agents),
    arm: asked.arm,
    rollout: asked.rollout,
    onlyLive: asked.state === "live",
    liveSince: context.liveSince,
    startedBefore: earlierOf(asked.until, olderThanMs === null ? null : context.now - olderThanMs),
    startedSince: asked.since,
    outcome: asked.outcome,
    isEscalated: asked.escalated,
    tool: asked.tool,
    after: after === null ? null : cursorOf(after),
    limit: asked.limit,
  };
}

function earlierOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function cursorOf(text: string): SessionCursor {
  const cursor = parseCursor(text);
  if (cursor === null) throw malformed("after: this is no `next` of an earlier page");
  return cursor;
}

function agentOf(name: string, { agents }: QueryContext): AgentRecord {
  const record = agents.find(({ agent }) => agent === name);
  if (record !== undefined) return record;
  throw unknownAgent(name);
}

/** By version, digest, or the first characters of a digest. */
function releasesOf(release: string, agents: readonly AgentRecord[]): readonly Digest[] {
  const known = agents.flatMap(({ releases }) => releases);
  const isMeant = ({ version, digest }: (typeof known)[number]): boolean =>
    version === release || digest === release || (release.length >= 14 && digest.startsWith(release));
  const found = known.filter(isMeant).map(({ digest }) => digest);
  if (found.length > 0) return found;
  throw new ApiError({
    status: 404,
    code: "release_not_of_agent",
    message: `found no release ${JSON.stringify(release)}, expected one of ${known.map(({ version }) => version).join(", ") || "none: nothing was admitted yet"}`,
    hint: "give a version, or sha256:… with at least 7 characters behind it",
  });
}

function malformed(found: string): ApiError {
  return new ApiError({
    status: 400,
    code: "query_malformed",
    message: `the query is not what GET /v1/sessions takes: ${found}`,
    hint: "it takes agent, release, arm, rollout, state (live or all), olderThanMs, since and until (epoch ms), outcome (success or failure), escalated (true or false), tool, limit (1 to 1000) and after",
  });
}
