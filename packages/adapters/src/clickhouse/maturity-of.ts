import type { RecordedSession, SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ agent: z.string(), matured_at: z.number(), ended_by: z.enum(["signal", "idle"]) });

/** When the sessions of an id matured, and what ended them; by agent. */
export async function maturityOf(
  client: ClickHouseClient,
  session: SessionId,
): Promise<ReadonlyMap<string, NonNullable<RecordedSession["matured"]>>> {
  const query = `
    SELECT agent, matured_at, ended_by FROM perch.matured_sessions
    WHERE session = {session:String}
    ORDER BY sequence
    LIMIT 1 BY agent`;
  const rows = await readRows(client, { query, parameters: { session } }, row);
  return new Map(rows.map((found) => [found.agent, { at: found.matured_at, endedBy: found.ended_by }]));
}
