import type { Score, SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { scoreRow } from "./score-row.ts";

export function scoresOfSessions(client: ClickHouseClient, sessions: readonly SessionId[]): Promise<Score[]> {
  const query = `SELECT * FROM scores WHERE session IN {sessions:Array(String)} LIMIT 1 BY id`;
  return readRows(client, { query, parameters: { sessions } }, scoreRow);
}
