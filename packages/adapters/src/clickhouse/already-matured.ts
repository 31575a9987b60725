import type { ClickHouseClient } from "@clickhouse/client";
import type { SessionId } from "@perch/domain";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ session: z.string() });

/** Which of these sessions have a matured row. */
export async function alreadyMatured(
  client: ClickHouseClient,
  sessions: readonly SessionId[],
): Promise<ReadonlySet<string>> {
  const query = "SELECT DISTINCT session FROM perch.sessions WHERE session IN {sessions:Array(String)}";
  const rows = await readRows(client, { query, parameters: { sessions } }, row);
  return new Set(rows.map((found) => found.session));
}
