import type { SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ session: z.string(), trace_id: z.string() });

/** The ids of the traces in which a span names one of these sessions, by session; most are those of their turns. */
export async function tracesNaming(
  client: ClickHouseClient,
  sessions: readonly SessionId[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const query = `
    SELECT DISTINCT session, trace_id FROM session_traces
    WHERE session IN {sessions:Array(String)}
    ORDER BY session, trace_id
    LIMIT {most:UInt32} BY session`;
  const rows = await readRows(client, { query, parameters: { sessions, most: MOST_TRACES } }, row);
  const bySession = Map.groupBy(rows, ({ session }) => session);
  return new Map([...bySession].map(([session, own]) => [session, own.map((found) => found.trace_id)]));
}

/** A session that names itself in more traces than that is no conversation. */
const MOST_TRACES = 1000;
