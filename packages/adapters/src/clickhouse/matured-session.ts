import type { MaturedSession, SessionKey } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { withLateScores } from "./late-scores.ts";
import { ofSessions } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

/** One session with the scores that came later; null while it has not matured. */
export async function maturedSession(client: ClickHouseClient, key: SessionKey): Promise<MaturedSession | null> {
  const { where, parameters } = ofSessions([key]);
  const query = `
    SELECT ${SESSION_COLUMNS} FROM sessions
    WHERE ${where} AND sequence IN (
      SELECT matured_as FROM session_states
      WHERE key IN (SELECT sipHash64(arrayJoin({agents:Array(String)}), arrayJoin({ids:Array(String)})))
    )
    ORDER BY sequence
    LIMIT 1`;
  const [session] = await withLateScores(client, await readRows(client, { query, parameters }, sessionRow));
  return session ?? null;
}
