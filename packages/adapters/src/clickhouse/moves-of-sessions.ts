import type { MoveRecord, SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { moveRow } from "./move-row.ts";
import { readRows } from "./read-rows.ts";

export function movesOfSessions(client: ClickHouseClient, sessions: readonly SessionId[]): Promise<MoveRecord[]> {
  const query = "SELECT * FROM perch.moves WHERE session IN {sessions:Array(String)} ORDER BY at LIMIT 1 BY id";
  return readRows(client, { query, parameters: { sessions } }, moveRow);
}
