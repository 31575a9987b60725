import { parseSessionId, type PairPlace, type RolloutId, type SessionId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ session: z.string().transform(parseSessionId) });

/** The rollout's mirrored sessions, the newest first; those behind a place. */
export async function pairPage(
  client: ClickHouseClient,
  { rollout, before, limit }: { rollout: RolloutId; before: PairPlace | null; limit: number },
): Promise<readonly SessionId[]> {
  const query = `
    SELECT session FROM shadow_turns
    WHERE rollout = {rollout:String}
    GROUP BY session
    HAVING {at:Nullable(Float64)} IS NULL
      OR (min(paired_started_at), session) < (assumeNotNull({at:Nullable(Float64)}), {session:String})
    ORDER BY min(paired_started_at) DESC, session DESC
    LIMIT {limit:UInt32}`;
  const parameters = { rollout, limit, at: before?.at ?? null, session: before?.session ?? "" };
  return (await readRows(client, { query, parameters }, row)).map(({ session }) => session);
}
