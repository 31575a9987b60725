import { parseAgentName, parseSessionId, type OpenSession } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z
  .object({
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    last_activity_at: z.number(),
    is_ended: z.boolean(),
  })
  .transform((found): OpenSession => ({
    agent: found.agent,
    session: found.session,
    lastActivityAt: found.last_activity_at,
    isEnded: found.is_ended,
  }));

export function openSessions(client: ClickHouseClient, since: number): Promise<OpenSession[]> {
  const query = `
    SELECT agent, session,
      max(started_at + duration_ms) AS last_activity_at,
      toBool(countIf(ends_session OR kind = 'sessionEnd') > 0) AS is_ended
    FROM perch.turns
    WHERE (agent, session) NOT IN (SELECT agent, session FROM perch.matured_sessions)
    GROUP BY agent, session
    HAVING countIf(kind = 'turn' AND started_at + duration_ms >= {since:Float64}) > 0`;
  return readRows(client, { query, parameters: { since } }, row);
}
