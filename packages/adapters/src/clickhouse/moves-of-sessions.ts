import type { MoveRecord, SessionKey } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { moveRow } from "./move-row.ts";
import { ofSessions } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";

export function movesOfSessions(client: ClickHouseClient, keys: readonly SessionKey[]): Promise<MoveRecord[]> {
  const { where, parameters } = ofSessions(keys);
  const query = `SELECT * FROM moves WHERE ${where} ORDER BY at LIMIT 1 BY id`;
  return readRows(client, { query, parameters }, moveRow);
}
