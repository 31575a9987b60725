import { parseDigest, type ReleaseActivity } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";
import { MAY_BE_LIVE, sessionStates } from "./session-states.ts";

const row = z
  .object({
    agent: z.string(),
    release: z.string().transform(parseDigest),
    live_sessions: z.coerce.number(),
    oldest_at: z.number().nullable(),
    last_at: z.number(),
  })
  .transform((found): ReleaseActivity => ({
    agent: found.agent,
    release: found.release,
    live: found.live_sessions,
    oldestAt: found.live_sessions === 0 ? null : found.oldest_at,
    lastTurnAt: found.last_at,
  }));

/** The live sessions of each release that ever had a turn, the oldest of them, and its last turn. */
export function releaseActivity(
  client: ClickHouseClient,
  { agent, liveSince }: { agent: string | null; liveSince: number },
): Promise<ReleaseActivity[]> {
  const query = `
    SELECT served.agent AS agent, served.release AS release, served.last_at AS last_at,
      coalesce(live.sessions, 0) AS live_sessions, live.oldest_at AS oldest_at
    FROM (
      SELECT agent, release, max(turn_at) AS last_at FROM release_activity
      WHERE {agent:String} = '' OR agent = {agent:String}
      GROUP BY agent, release
    ) AS served
    LEFT JOIN (
      SELECT agent, last_release, count() AS sessions, min(first_at) AS oldest_at
      FROM (${sessionStates(MAY_BE_LIVE)}) WHERE state = 'live'
      GROUP BY agent, last_release
    ) AS live ON live.agent = served.agent AND live.last_release = served.release
    ORDER BY agent, last_at DESC`;
  return readRows(client, { query, parameters: { agent: agent ?? "", liveSince } }, row);
}
