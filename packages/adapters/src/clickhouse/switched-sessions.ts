import type { RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ sessions: z.coerce.number() });

/** How many of the rollout's sessions met more than one release that no move led to, inside the rollout or at its edges. */
export async function switchedSessions(client: ClickHouseClient, rollout: RolloutId): Promise<number> {
  const query = `
    WITH suspects AS (
      SELECT any(session_states.agent) AS agent, any(session_states.session) AS session
      FROM session_states
      WHERE key IN (SELECT key FROM rollout_sessions WHERE rollout = {rollout:String})
      GROUP BY key
      HAVING min(least_release) < max(most_release)
    )
    SELECT count() AS sessions FROM (
      SELECT agent, session FROM turns
      WHERE session IN (SELECT session FROM suspects) AND (agent, session) IN (SELECT agent, session FROM suspects)
        AND (agent, session, release) NOT IN (SELECT agent, session, to_release FROM moves)
      GROUP BY agent, session
      HAVING uniqExact(release) > 1
    )`;
  const rows = await readRows(client, { query, parameters: { rollout } }, row);
  return rows[0]?.sessions ?? 0;
}
