import type { RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ sessions: z.coerce.number() });

/** Canary sessions of the rollout that began before a moment; all of them when it is null. */
export async function exposedSessions(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; before: number | null },
): Promise<number> {
  const query = `
    SELECT count() AS sessions FROM (
      SELECT argMinIfMerge(arm) AS session_arm, min(began_at) AS first_at
      FROM rollout_sessions
      WHERE rollout = {rollout:String}
      GROUP BY key
    )
    WHERE session_arm = 'canary' AND first_at < coalesce({before:Nullable(Float64)}, inf)`;
  const rows = await readRows(client, { query, parameters }, row);
  return rows[0]?.sessions ?? 0;
}
