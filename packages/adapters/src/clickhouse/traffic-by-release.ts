import { parseDigest, type AgentName, type ReleaseTraffic } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
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
  // A session that was moved is new at its first release and live at its last.
  const query = `
    SELECT release,
      countIf(from_at = first_at AND first_at >= {since:Float64}) AS new_sessions,
      countIf(to_at = last_at AND last_at >= {liveSince:Float64} AND NOT is_over AND session NOT IN (
        SELECT session FROM perch.matured_sessions
        WHERE agent = {agent:String} AND session IN (
          SELECT session FROM perch.turns
          WHERE agent = {agent:String} AND started_at + duration_ms >= {liveSince:Float64}
        )
      )) AS live_sessions,
      sum(turns_in_window) AS turns
    FROM (
      SELECT session, release, from_at, to_at, turns_in_window,
        min(from_at) OVER (PARTITION BY session) AS first_at,
        max(to_at) OVER (PARTITION BY session) AS last_at,
        max(ends) OVER (PARTITION BY session) AS is_over
      FROM (
        SELECT session, release,
          min(started_at) AS from_at,
          max(started_at + duration_ms) AS to_at,
          max(ends_session OR kind = 'sessionEnd') AS ends,
          uniqExactIf(id, kind = 'turn' AND started_at >= {since:Float64}) AS turns_in_window
        FROM perch.turns
        WHERE agent = {agent:String} AND session IN (
          SELECT session FROM perch.turns
          WHERE agent = {agent:String} AND started_at + duration_ms >= least({since:Float64}, {liveSince:Float64})
        )
        GROUP BY session, release
      )
    )
    GROUP BY release
    HAVING new_sessions + live_sessions + turns > 0
    ORDER BY release`;
  return readRows(client, { query, parameters }, row);
}
