import { parseDigest, type AgentName, type ReleaseTraffic } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { NEVER } from "./never-matured.ts";
import { readRows } from "./read-rows.ts";

const row = z
  .object({
    release: z.string().transform(parseDigest),
    new_sessions: z.coerce.number(),
    live_sessions: z.coerce.number(),
    turns: z.coerce.number(),
  })
  .transform((found): ReleaseTraffic => ({
    release: found.release,
    newSessions: found.new_sessions,
    liveSessions: found.live_sessions,
    turns: found.turns,
  }));

/** New sessions and turns since one moment, and sessions still talking since another. */
export function trafficByRelease(
  client: ClickHouseClient,
  parameters: { agent: AgentName; since: number; liveSince: number },
): Promise<ReleaseTraffic[]> {
  // A session that was moved is new at its first release and live at its last. Both its first record and its last are among
  // the recent ones where they count, and what else is known of it is in its state.
  const query = `
    WITH recent AS (
      SELECT sipHash64(agent, session) AS key, release,
        min(started_at) AS from_at,
        max(ended_at) AS to_at,
        uniqExactIf(id, kind = 'turn' AND started_at >= {since:Float64}) AS turns_in_window
      FROM turn_times
      WHERE agent = {agent:String} AND ended_at >= least({since:Float64}, {liveSince:Float64})
      GROUP BY key, release
    )
    SELECT release,
      countIf(from_at = first_at AND first_at >= {since:Float64}) AS new_sessions,
      countIf(to_at = last_at AND last_at >= {liveSince:Float64} AND NOT is_settled) AS live_sessions,
      sum(turns_in_window) AS turns
    FROM recent
    INNER JOIN (
      SELECT key,
        min(began_at) AS first_at,
        max(active_at) AS last_at,
        max(is_over) OR min(matured_as) < ${NEVER} AS is_settled
      FROM session_states
      WHERE key IN (SELECT key FROM recent)
      GROUP BY key
    ) AS states USING (key)
    GROUP BY release
    HAVING new_sessions + live_sessions + turns > 0
    ORDER BY release`;
  return readRows(client, { query, parameters }, row);
}
