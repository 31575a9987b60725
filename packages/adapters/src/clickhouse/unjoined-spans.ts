import type { UnjoinedSpans } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ spans: z.coerce.number(), unjoined: z.coerce.number(), names: z.array(z.string()) });

/** As `ExplorerSource.unjoinedSpans`. */
export async function unjoinedSpans(
  client: ClickHouseClient,
  { agoMs, limit }: { readonly agoMs: { readonly from: number; readonly to: number }; readonly limit: number },
): Promise<UnjoinedSpans> {
  const query = `
    WITH session IS NULL AND trace_id NOT IN (SELECT trace_id FROM turns) AS is_unjoined
    SELECT
      count() AS spans,
      countIf(is_unjoined) AS unjoined,
      topKIf({limit:UInt32})(name, is_unjoined) AS names
    FROM spans
    WHERE received_at >= now() - {from:UInt32} AND received_at <= now() - {to:UInt32}`;
  const parameters = { from: Math.ceil(agoMs.from / 1000), to: Math.floor(agoMs.to / 1000), limit };
  const [found] = await readRows(client, { query, parameters }, row);
  return found ?? { spans: 0, unjoined: 0, names: [] };
}
