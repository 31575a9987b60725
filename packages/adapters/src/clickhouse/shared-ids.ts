import type { ClickHouseClient } from "@clickhouse/client";
import type { SessionId } from "@perch/domain";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ session: z.string() });

/** Which of these ids name sessions of more than one agent. */
export async function sharedIds(
  client: ClickHouseClient,
  sessions: readonly SessionId[],
): Promise<ReadonlySet<string>> {
  const query = `
    SELECT session FROM turns WHERE session IN {sessions:Array(String)}
    GROUP BY session HAVING uniqExact(agent) > 1`;
  const rows = await readRows(client, { query, parameters: { sessions } }, row);
  return new Set(rows.map((found) => found.session));
}
