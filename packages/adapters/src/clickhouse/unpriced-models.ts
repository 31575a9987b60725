import type { UnpricedModel } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ model: z.string(), sessions: z.coerce.number() });

/** Of sessions that ended since then. */
export function unpricedModels(
  client: ClickHouseClient,
  parameters: { since: number; limit: number },
): Promise<UnpricedModel[]> {
  const query = `
    SELECT arrayJoin(unpriced_models) AS model, uniqExact(agent, session) AS sessions
    FROM sessions
    WHERE ended_at >= {since:Float64} AND notEmpty(unpriced_models)
    GROUP BY model
    ORDER BY sessions DESC, model
    LIMIT {limit:UInt32}`;
  return readRows(client, { query, parameters }, row);
}
