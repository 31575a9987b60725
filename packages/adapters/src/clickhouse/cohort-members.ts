import {
  formatSessionKey,
  parseAgentName,
  parseSessionId,
  type CohortMember,
  type MaturedSession,
  type RolloutId,
  type SessionKey,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { ofSessions } from "./of-sessions.ts";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

const assignmentRow = z.object({
  agent: z.string().transform(parseAgentName),
  session: z.string().transform(parseSessionId),
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
    SELECT agent, session, min(arrival) AS assignment, argMin(arm, arrival) AS first_arm, min(started_at) AS assigned_at
    FROM perch.turns
    WHERE rollout = {rollout:String} AND step = {step:UInt32} AND kind = 'assignment'
    GROUP BY agent, session
    HAVING assignment > {afterAssignment:UInt64}
    ORDER BY assignment
    LIMIT {limit:UInt32}`;
  const assigned = await readRows(client, { query, parameters }, assignmentRow);
  if (assigned.length === 0) return [];
  const matured = await maturedOf(client, assigned);
  return assigned.map((row) => ({
    assignment: row.assignment,
    arm: row.first_arm,
    assignedAt: row.assigned_at,
    matured: matured.get(formatSessionKey(row)) ?? null,
  }));
}

async function maturedOf(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<ReadonlyMap<string, MaturedSession>> {
  const { where, parameters } = ofSessions(keys);
  const query = `
    SELECT ${SESSION_COLUMNS} FROM perch.matured_sessions
    WHERE ${where}
    ORDER BY sequence
    LIMIT 1 BY agent, session`;
  const rows = await readRows(client, { query, parameters }, sessionRow);
  return new Map(rows.map((row) => [formatSessionKey(row), row]));
}
