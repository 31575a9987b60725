import { parseAgentName, parseSessionId, type OpenSession } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { NEVER } from "./never-matured.ts";
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
    SELECT any(session_states.agent) AS agent, any(session_states.session) AS session,
      max(active_at) AS last_activity_at, toBool(max(is_over)) AS is_ended
    FROM session_states
    GROUP BY key
    HAVING min(matured_as) = ${NEVER} AND max(turn_at) >= {since:Float64}
    SETTINGS optimize_aggregation_in_order = 1`;
  return readRows(client, { query, parameters: { since } }, row);
}
