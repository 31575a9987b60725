import { formatSessionKey, type SessionKey, type SettledSession } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { MEASURE_COLUMNS, measureShape, readMeasures } from "./measure-columns.ts";
import { ofSessions, THEIR_SEQUENCES } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";

const row = z
  .object({ agent: z.string(), session: z.string(), is_escalated: z.boolean(), ...measureShape })
  .transform((found) => ({
    key: `${found.agent} ${found.session}`,
    settled: { isEscalated: found.is_escalated, measures: readMeasures(found) },
  }));

/** What these sessions came to, by key; those that are not mature are not there. */
export async function settledSessions(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<ReadonlyMap<string, SettledSession>> {
  if (keys.length === 0) return new Map();
  const { where, parameters } = ofSessions(keys);
  const query = `
    SELECT agent, session, is_escalated, ${MEASURE_COLUMNS} FROM sessions
    WHERE ${where} AND sequence IN (${THEIR_SEQUENCES})
    ORDER BY sequence
    LIMIT 1 BY agent, session`;
  const rows = await readRows(client, { query, parameters }, row);
  return new Map(rows.map(({ key, settled }) => [key, settled]));
}

/** The same sessions, each with what it came to. */
export async function withSettled<Session extends SessionKey & { readonly state: string }>(
  client: ClickHouseClient,
  sessions: readonly Session[],
): Promise<(Session & { readonly settled: SettledSession | null })[]> {
  const settled = await settledSessions(
    client,
    sessions.filter(({ state }) => state === "mature"),
  );
  return sessions.map((session) => ({ ...session, settled: settled.get(formatSessionKey(session)) ?? null }));
}
