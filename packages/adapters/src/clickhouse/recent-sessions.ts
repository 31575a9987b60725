import type { MaturedSession } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

export function recentSessions(client: ClickHouseClient, limit: number): Promise<MaturedSession[]> {
  const query = `
    SELECT ${SESSION_COLUMNS} FROM sessions
    WHERE sequence IN (SELECT sequence FROM sessions ORDER BY sequence DESC LIMIT {limit:UInt32})
    ORDER BY sequence DESC
    LIMIT 1 BY agent, session`;
  return readRows(client, { query, parameters: { limit } }, sessionRow);
}
