import type { MirrorCaps, RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z
  .object({ sessions: z.coerce.number(), turns: z.coerce.number(), request_bytes: z.coerce.number() })
  .transform((found): MirrorCaps => ({
    sessions: found.sessions,
    turns: found.turns,
    requestBytes: found.request_bytes,
  }));

/** What was sent to the rollout's shadow. */
export async function mirrorSpent(client: ClickHouseClient, rollout: RolloutId): Promise<MirrorCaps> {
  const query = `
    SELECT uniqExact(session) AS sessions, count() AS turns, sum(bytes) AS request_bytes
    FROM (
      SELECT session, id, any(request_bytes) AS bytes FROM shadow_turns
      WHERE rollout = {rollout:String} AND outcome IN ('answered', 'failed')
      GROUP BY session, id
    )`;
  const [spent] = await readRows(client, { query, parameters: { rollout } }, row);
  return spent ?? { sessions: 0, turns: 0, requestBytes: 0 };
}
