import type { AssignedSessions, RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({ baseline: z.coerce.number(), canary: z.coerce.number() });

/** How many sessions each arm was assigned in one step of the rollout. */
export async function assignedInStep(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; step: number },
): Promise<AssignedSessions> {
  const query = `
    SELECT uniqExactIf(session, arm = 'baseline') AS baseline, uniqExactIf(session, arm = 'canary') AS canary
    FROM assignments
    WHERE rollout = {rollout:String} AND step = {step:UInt32}`;
  const [counts] = await readRows(client, { query, parameters }, row);
  return counts ?? { baseline: 0, canary: 0 };
}
