import { TelemetryError } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import type { z } from "zod";

export type BoundQuery = { readonly query: string; readonly parameters?: Record<string, unknown> };

/** Runs a query with bound parameters. Throws `TelemetryError` `store_failed` when the database cannot answer. */
export async function readRows<T>(client: ClickHouseClient, bound: BoundQuery, row: z.ZodType<T>): Promise<T[]> {
  const rows = await answerOf(client, bound);
  return rows.map((found) => row.parse(found));
}

async function answerOf(client: ClickHouseClient, { query, parameters }: BoundQuery): Promise<readonly unknown[]> {
  try {
    const result = await client.query({ query, format: "JSONEachRow", query_params: parameters ?? {} });
    return await result.json();
  } catch (cause) {
    throw storeFailed("read", cause);
  }
}

export function storeFailed(attempt: string, cause: unknown): TelemetryError {
  return new TelemetryError({
    code: "store_failed",
    message: `the trace store could not ${attempt}: ${cause instanceof Error ? cause.message.slice(0, 300) : String(cause)}`,
    hint: "look at the free disk space and the data directory's permissions, or whether the ClickHouse server answers; the sender will try again",
    cause,
  });
}
