import type { ClickHouseClient } from "@clickhouse/client";
import type { SessionKey } from "@perch/domain";
import { z } from "zod";
import { ofSessions, THEIR_SEQUENCES } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";

const row = z.object({ key: z.string() });

/** Which of these sessions have a matured row, as `formatSessionKey` writes them. */
export async function alreadyMatured(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<ReadonlySet<string>> {
  const { where, parameters } = ofSessions(keys);
  // A key is a hash, and whether a session has an outcome must not hang on one: what it finds is looked at by name.
  const query = `
    SELECT DISTINCT concat(agent, ' ', session) AS key FROM sessions
    WHERE ${where} AND sequence IN (${THEIR_SEQUENCES})`;
  const rows = await readRows(client, { query, parameters }, row);
  return new Set(rows.map((found) => found.key));
}
