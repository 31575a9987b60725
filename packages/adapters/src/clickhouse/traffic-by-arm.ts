import type { RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({
  session_arm: z.enum(["baseline", "canary"]),
  new_sessions: z.coerce.number(),
  live_sessions: z.coerce.number(),
  turns: z.coerce.number(),
});
export type TrafficByArm = z.infer<typeof row>;

/** New sessions and turns since one moment; sessions still talking since another. */
export function trafficByArm(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; since: number; liveSince: number },
): Promise<TrafficByArm[]> {
  const query = `
    SELECT session_arm,
      countIf(first_at >= {since:Float64}) AS new_sessions,
      countIf(last_at >= {liveSince:Float64} AND session NOT IN (
        SELECT session FROM perch.matured_sessions WHERE rollout = {rollout:String}
      )) AS live_sessions,
      sum(turns_in_window) AS turns
    FROM (
      SELECT session,
        argMin(arm, started_at) AS session_arm,
        min(started_at) AS first_at,
        max(started_at + duration_ms) AS last_at,
        uniqExactIf(id, started_at >= {since:Float64}) AS turns_in_window
      FROM perch.turns
      WHERE rollout = {rollout:String} AND kind = 'turn'
      GROUP BY session
    )
    GROUP BY session_arm`;
  return readRows(client, { query, parameters }, row);
}
