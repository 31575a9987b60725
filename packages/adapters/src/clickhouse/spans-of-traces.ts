import type { Span } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { spanRow } from "./span-row.ts";

export function spansOfTraces(client: ClickHouseClient, traceIds: readonly string[]): Promise<Span[]> {
  const query = `SELECT * FROM spans WHERE trace_id IN {traceIds:Array(String)} LIMIT 1 BY trace_id, span_id`;
  return readRows(client, { query, parameters: { traceIds } }, spanRow);
}
