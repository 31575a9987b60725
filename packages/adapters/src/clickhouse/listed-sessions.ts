import {
  parseAgentName,
  parseDigest,
  parseRolloutId,
  parseSessionId,
  type ListedSession,
  type SessionQuery,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { nullable } from "./nullable.ts";
import { readRows } from "./read-rows.ts";
import { withSettled } from "./settled-sessions.ts";
import { sessionPage } from "./session-page.ts";
import { sessionStates } from "./session-states.ts";

const row = z
  .object({
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    last_release: z.string().transform(parseDigest),
    first_arm: z.enum(["baseline", "canary"]),
    first_rollout: nullable(parseRolloutId),
    first_step: z.number().nullable(),
    first_at: z.number(),
    last_at: z.number(),
    turn_count: z.coerce.number(),
    release_count: z.coerce.number(),
    state: z.enum(["live", "ended", "mature"]),
  })
  .transform((found): Omit<ListedSession, "settled"> => ({
    agent: found.agent,
    session: found.session,
    release: found.last_release,
    arm: found.first_arm,
    rollout: found.first_rollout,
    step: found.first_step,
    startedAt: found.first_at,
    lastTurnAt: found.last_at,
    turns: found.turn_count,
    releases: found.release_count,
    state: found.state,
  }));

/** One page of the sessions that fit, live ones oldest first, all of them newest first. */
export async function listedSessions(client: ClickHouseClient, asked: SessionQuery): Promise<ListedSession[]> {
  const page = sessionPage(asked);
  const query = `
    SELECT *, first.1 AS first_arm, first.2 AS first_rollout, first.3 AS first_step
    FROM (${sessionStates(`key IN (${page.query})`)})
    ORDER BY first_at * {direction:Int8}, key`;
  return await withSettled(client, await readRows(client, { ...page, query }, row));
}
