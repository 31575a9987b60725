import type { ClickHouseClient } from "@clickhouse/client";
import type { SessionKey } from "@perch/domain";
import { z } from "zod";
import { ofSessions } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";

const row = z.object({ key: z.string() });

/** Which of these sessions have a matured row, as `formatSessionKey` writes them. */
export async function alreadyMatured(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<ReadonlySet<string>> {
  const { where, parameters } = ofSessions(keys);
  const query = `SELECT DISTINCT concat(agent, ' ', session) AS key FROM perch.matured_sessions WHERE ${where}`;
  const rows = await readRows(client, { query, parameters }, row);
  return new Set(rows.map((found) => found.key));
}
