import type { SessionKey, TurnRecord } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { ofSessions } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";
import { turnRow } from "./turn-row.ts";

export function turnsOfSessions(client: ClickHouseClient, keys: readonly SessionKey[]): Promise<TurnRecord[]> {
  const { where, parameters } = ofSessions(keys);
  const query = `SELECT * FROM turns WHERE ${where} LIMIT 1 BY id`;
  return readRows(client, { query, parameters }, turnRow);
}
