import type { RolloutId, SessionId, ShadowTurn } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { shadowTurnRow } from "./shadow-turn-row.ts";

export function shadowTurnsOfSessions(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; sessions: readonly SessionId[] },
): Promise<ShadowTurn[]> {
  const query = `
    SELECT * FROM shadow_turns
    WHERE rollout = {rollout:String} AND session IN {sessions:Array(String)}
    ORDER BY paired_started_at, id
    LIMIT 1 BY id`;
  return readRows(client, { query, parameters }, shadowTurnRow);
}
