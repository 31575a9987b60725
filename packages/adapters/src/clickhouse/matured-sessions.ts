import type { MaturedSession, RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

export function maturedSessions(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; step: number; afterSequence: number; limit: number },
): Promise<MaturedSession[]> {
  const query = `
    SELECT ${SESSION_COLUMNS} FROM perch.sessions
    WHERE rollout = {rollout:String} AND step = {step:UInt32} AND sequence > {afterSequence:UInt64}
    ORDER BY sequence
    LIMIT 1 BY session
    LIMIT {limit:UInt32}`;
  return readRows(client, { query, parameters }, sessionRow);
}
