import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ sequence: z.coerce.number() });

export async function lastSequence(client: ClickHouseClient): Promise<number> {
  const rows = await readRows(client, { query: "SELECT max(sequence) AS sequence FROM sessions" }, row);
  return rows[0]?.sequence ?? 0;
}
