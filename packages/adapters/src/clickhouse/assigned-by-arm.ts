import type { RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({
  session_arm: z.enum(["baseline", "canary"]),
  sessions: z.coerce.number(),
  turns: z.coerce.number(),
});
export type AssignedByArm = z.infer<typeof row>;

/** How many sessions each arm was assigned under the rollout, and their turns; a session's first turn names its arm. */
export function assignedByArm(client: ClickHouseClient, rollout: RolloutId): Promise<AssignedByArm[]> {
  const query = `
    SELECT session_arm, count() AS sessions, sum(session_turns) AS turns
    FROM (
      SELECT argMinIfMerge(arm) AS session_arm, length(groupUniqArrayArray(turn_ids)) AS session_turns
      FROM rollout_sessions
      WHERE rollout = {rollout:String}
      GROUP BY key
      HAVING session_turns > 0
    )
    GROUP BY session_arm`;
  return readRows(client, { query, parameters: { rollout } }, row);
}
