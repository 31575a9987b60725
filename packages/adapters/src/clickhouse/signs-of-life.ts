import { parseDigest, type Digest, type SignsOfLife, type SignsOfLifeQuery } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ release: z.string().transform(parseDigest), last_at: z.number() });

/** When turns of two releases ended since a time, the last in every so many ms: read in the order of time, so no history. */
export async function signsOfLife(client: ClickHouseClient, parameters: SignsOfLifeQuery): Promise<SignsOfLife> {
  const query = `
    SELECT release, max(ended_at) AS last_at
    FROM turn_times
    WHERE agent = {agent:String} AND ended_at >= {since:Float64} AND kind = 'turn'
      AND release IN ({baseline:String}, {canary:String})
    GROUP BY release, floor(ended_at / {everyMs:Float64})
    ORDER BY last_at`;
  const rows = await readRows(client, { query, parameters }, row);
  const of = (release: Digest): readonly number[] =>
    rows.flatMap((found) => (found.release === release ? found.last_at : []));
  return { baseline: of(parameters.baseline), canary: of(parameters.canary) };
}
