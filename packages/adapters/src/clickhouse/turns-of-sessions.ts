import type { SessionId, TurnRecord } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { turnRow } from "./turn-row.ts";

export function turnsOfSessions(client: ClickHouseClient, sessions: readonly SessionId[]): Promise<TurnRecord[]> {
  const query = `SELECT * FROM perch.turns WHERE session IN {sessions:Array(String)} LIMIT 1 BY id`;
  return readRows(client, { query, parameters: { sessions } }, turnRow);
}
