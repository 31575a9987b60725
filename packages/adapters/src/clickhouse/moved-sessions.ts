import { parseMoveId, type AgentName, type MovedQuery, type MoveId, type MoveRecord } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { moveRow } from "./move-row.ts";
import { readRows } from "./read-rows.ts";

export function movedSessions(client: ClickHouseClient, parameters: MovedQuery): Promise<MoveRecord[]> {
  const query = `
    SELECT * FROM moves
    WHERE agent = {agent:String}
      AND ({move:Nullable(String)} IS NULL OR move = {move:Nullable(String)})
      AND ({session:Nullable(String)} IS NULL OR session = {session:Nullable(String)})
    ORDER BY at DESC
    LIMIT 1 BY id
    LIMIT {limit:UInt32}`;
  return readRows(client, { query, parameters }, moveRow);
}

const countRow = z.object({ move: z.string().transform(parseMoveId), sessions: z.coerce.number() });

export async function movedCounts(client: ClickHouseClient, agent: AgentName): Promise<ReadonlyMap<MoveId, number>> {
  const query = "SELECT move, uniqExact(session) AS sessions FROM moves WHERE agent = {agent:String} GROUP BY move";
  const rows = await readRows(client, { query, parameters: { agent } }, countRow);
  return new Map(rows.map(({ move, sessions }) => [move, sessions]));
}
