import type { AgentName, MaturedSession } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { withLateScores } from "./late-scores.ts";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

export async function sessionHistory(
  client: ClickHouseClient,
  parameters: { agent: AgentName; before: number; limit: number },
): Promise<MaturedSession[]> {
  const query = `
    SELECT ${SESSION_COLUMNS} FROM sessions
    WHERE sequence IN (
      SELECT sequence FROM sessions
      WHERE agent = {agent:String} AND ended_at < {before:Float64}
      ORDER BY sequence DESC
      LIMIT {limit:UInt32}
    )
    ORDER BY sequence DESC
    LIMIT 1 BY agent, session`;
  return withLateScores(client, await readRows(client, { query, parameters }, sessionRow));
}
