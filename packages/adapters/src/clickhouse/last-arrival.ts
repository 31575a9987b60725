import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ last: z.coerce.number() });

/** The largest number an assignment ever got; 0 when none. */
export async function lastArrival(client: ClickHouseClient): Promise<number> {
  const query = "SELECT greatest((SELECT max(arrival) FROM turns), (SELECT max(arrival) FROM assignments)) AS last";
  const [found] = await readRows(client, { query }, row);
  return found?.last ?? 0;
}
