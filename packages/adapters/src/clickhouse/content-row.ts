import type { SpanContent } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

export function toContentRow(content: SpanContent) {
  return {
    trace_id: content.traceId,
    span_id: content.spanId,
    started_at: content.startedAt,
    input: content.input,
    output: content.output,
    is_cut: content.isCut,
  };
}

const row = z
  .object({
    trace_id: z.string(),
    span_id: z.string(),
    started_at: z.number(),
    input: z.string().nullable(),
    output: z.string().nullable(),
    is_cut: z.boolean(),
  })
  .transform((found): SpanContent => ({
    traceId: found.trace_id,
    spanId: found.span_id,
    startedAt: found.started_at,
    input: found.input,
    output: found.output,
    isCut: found.is_cut,
  }));

/** What is kept of what went in and came out of a trace's spans. */
export function contentsOfTrace(client: ClickHouseClient, traceId: string): Promise<SpanContent[]> {
  const query = `
    SELECT trace_id, span_id, started_at, input, output, is_cut FROM span_contents
    WHERE trace_id = {traceId:String}
    ORDER BY started_at
    LIMIT 1 BY span_id`;
  return readRows(client, { query, parameters: { traceId } }, row);
}
