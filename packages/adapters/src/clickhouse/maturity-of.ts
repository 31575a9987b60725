import type { AgentName, RecordedSession, SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ agent: z.string(), matured_at: z.number(), ended_by: z.enum(["signal", "idle"]) });

/** When these agents' sessions of an id matured, and what ended them; by agent. */
export async function maturityOf(
  client: ClickHouseClient,
  { session, agents }: { session: SessionId; agents: readonly AgentName[] },
): Promise<ReadonlyMap<string, NonNullable<RecordedSession["matured"]>>> {
  const query = `
    SELECT agent, matured_at, ended_by FROM sessions
    WHERE session = {session:String} AND sequence IN (
      SELECT matured_as FROM session_states
      WHERE key IN (SELECT sipHash64(arrayJoin({agents:Array(String)}), {session:String}))
    )
    ORDER BY sequence
    LIMIT 1 BY agent`;
  const rows = await readRows(client, { query, parameters: { session, agents } }, row);
  return new Map(rows.map((found) => [found.agent, { at: found.matured_at, endedBy: found.ended_by }]));
}
