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
      SELECT argMin(arm, started_at) AS session_arm, min(started_at) AS first_at
      FROM perch.turns
      WHERE rollout = {rollout:String} AND kind = 'turn'
      GROUP BY session
    )
    WHERE session_arm = 'canary' AND first_at < coalesce({before:Nullable(Float64)}, inf)`;
  const rows = await readRows(client, { query, parameters }, row);
  return rows[0]?.sessions ?? 0;
}
