import type { CohortMember, MaturedSession, RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

const assignmentRow = z.object({
  session: z.string(),
  assignment: z.coerce.number(),
  first_arm: z.enum(["baseline", "canary"]),
  assigned_at: z.number(),
});

/** The sessions of a step in the order of assignment, each with its outcome where that is settled. */
export async function cohortMembers(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; step: number; afterAssignment: number; limit: number },
): Promise<readonly CohortMember[]> {
  // An assignment that was sent twice keeps its first number.
  const query = `
    SELECT session, min(arrival) AS assignment, argMin(arm, arrival) AS first_arm, min(started_at) AS assigned_at
    FROM perch.turns
    WHERE rollout = {rollout:String} AND step = {step:UInt32} AND kind = 'assignment'
    GROUP BY session
    HAVING assignment > {afterAssignment:UInt64}
    ORDER BY assignment
    LIMIT {limit:UInt32}`;
  const assigned = await readRows(client, { query, parameters }, assignmentRow);
  if (assigned.length === 0) return [];
  const matured = await maturedOf(
    client,
    assigned.map((row) => row.session),
  );
  return assigned.map((row) => ({
    assignment: row.assignment,
    arm: row.first_arm,
    assignedAt: row.assigned_at,
    matured: matured.get(row.session) ?? null,
  }));
}

async function maturedOf(
  client: ClickHouseClient,
  sessions: readonly string[],
): Promise<ReadonlyMap<string, MaturedSession>> {
  const query = `
    SELECT ${SESSION_COLUMNS} FROM perch.sessions
    WHERE session IN {sessions:Array(String)}
    ORDER BY sequence
    LIMIT 1 BY session`;
  const rows = await readRows(client, { query, parameters: { sessions } }, sessionRow);
  return new Map(rows.map((row) => [row.session, row]));
}
