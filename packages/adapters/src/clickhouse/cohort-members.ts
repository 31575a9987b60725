import type { CohortMember, MaturedSession, RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { withLateScores } from "./late-scores.ts";
import { NEVER } from "./never-matured.ts";
import { readRows } from "./read-rows.ts";
import { SESSION_COLUMNS, sessionRow } from "./session-row.ts";

type MembersQuery = { rollout: RolloutId; step: number; afterAssignment: number; limit: number };

const assignmentRow = z.object({
  session: z.string(),
  arrival: z.coerce.number(),
  arm: z.enum(["baseline", "canary"]),
  started_at: z.number(),
  first_arrival: z.coerce.number(),
  last_turn_at: z.number().nullable(),
  is_ended: z.coerce.boolean(),
  /** The sequence of the matured session. */
  matured: z.coerce.number().nullable(),
});
type Assignment = z.infer<typeof assignmentRow>;

/** The sessions of a step in the order of assignment, each with its outcome where that is settled. */
export async function cohortMembers(client: ClickHouseClient, query: MembersQuery): Promise<readonly CohortMember[]> {
  const members: CohortMember[] = [];
  let afterAssignment = query.afterAssignment;
  // Assignments that were sent twice are left out, so it may take another read until there are as many as asked for.
  for (;;) {
    const limit = query.limit - members.length;
    const assigned = await assignmentsAfter(client, { ...query, afterAssignment, limit });
    // What was sent twice keeps its first number.
    const first = assigned.filter(({ arrival, first_arrival }) => arrival === first_arrival);
    members.push(...(await withOutcomes(client, first)));
    if (assigned.length < limit || members.length === query.limit) return members;
    afterAssignment = assigned.at(-1)?.arrival ?? afterAssignment;
  }
}

function assignmentsAfter(client: ClickHouseClient, parameters: MembersQuery): Promise<Assignment[]> {
  const query = `
    WITH page AS (
      SELECT key, session, arrival, arm, started_at FROM assignments
      WHERE rollout = {rollout:String} AND step = {step:UInt32} AND arrival > {afterAssignment:UInt64}
      ORDER BY rollout, step, arrival
      LIMIT 1 BY arrival
      LIMIT {limit:UInt32}
    )
    SELECT session, arrival, arm, started_at, firsts.first_arrival AS first_arrival, states.matured AS matured,
      states.last_turn_at AS last_turn_at, states.is_ended AS is_ended
    FROM page
    INNER JOIN (
      SELECT key, min(arrival) AS first_arrival FROM assignments
      WHERE rollout = {rollout:String} AND step = {step:UInt32} AND key IN (SELECT key FROM page)
      GROUP BY key
    ) AS firsts USING (key)
    INNER JOIN (
      SELECT key,
        nullIf(min(matured_as), ${NEVER}) AS matured,
        nullIf(max(turn_at), -inf) AS last_turn_at,
        max(is_over) AS is_ended
      FROM session_states
      WHERE key IN (SELECT key FROM page)
      GROUP BY key
    ) AS states USING (key)
    ORDER BY arrival`;
  return readRows(client, { query, parameters }, assignmentRow);
}

async function withOutcomes(
  client: ClickHouseClient,
  assigned: readonly Assignment[],
): Promise<readonly CohortMember[]> {
  const sequences = assigned.flatMap(({ matured }) => matured ?? []);
  const outcomes = await maturedAs(client, sequences);
  return assigned.map(({ session, arrival, arm, started_at, matured, ...standing }) => {
    const outcome = matured === null ? undefined : outcomes.get(matured);
    return {
      assignment: arrival,
      arm,
      assignedAt: started_at,
      lastTurnAt: standing.last_turn_at,
      isEnded: standing.is_ended,
      // Found by the hash of its name, so it is looked at whether it is the session's.
      matured: outcome?.session === session ? outcome : null,
    };
  });
}

async function maturedAs(
  client: ClickHouseClient,
  sequences: readonly number[],
): Promise<ReadonlyMap<number, MaturedSession>> {
  if (sequences.length === 0) return new Map();
  const query = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE sequence IN {sequences:Array(UInt64)} LIMIT 1 BY sequence`;
  const rows = await withLateScores(client, await readRows(client, { query, parameters: { sequences } }, sessionRow));
  return new Map(rows.map((row) => [row.sequence, row]));
}
