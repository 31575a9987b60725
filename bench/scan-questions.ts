// What gates ask, answered from turns and sessions sorted by name: the plainest tables that there can be, and those that the store
// had before it kept summaries.
import type { ClickHouseClient } from "@clickhouse/client";
import { AGENT, ROLLOUT } from "./history.ts";

const BY_NAME = "sessions_by_name";

export async function prepareScans(client: ClickHouseClient): Promise<void> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${BY_NAME} ENGINE = MergeTree ORDER BY (session, agent) AS SELECT * FROM sessions`,
  });
}

/** Where the questions look. */
export type Places = {
  readonly step: number;
  readonly afterAssignment: number;
  readonly since: number;
  readonly liveSince: number;
  readonly before: number;
};

/** By the names that the store's own questions have. */
export function scanQuestions(at: Places): Readonly<Record<string, string>> {
  const ofStep = `rollout = '${ROLLOUT}' AND step = ${at.step} AND kind = 'assignment'`;
  const ofRollout = `rollout = '${ROLLOUT}' AND kind = 'turn'`;
  return {
    members: membersScan(ofStep, at),
    assigned: `SELECT uniqExactIf(session, arm = 'baseline'), uniqExactIf(session, arm = 'canary') FROM turns WHERE ${ofStep}`,
    arms: `
      SELECT assigned.*, matured.* FROM (
        SELECT first_arm, count(), sum(own) FROM (
          SELECT argMin(arm, started_at) AS first_arm, uniqExact(id) AS own FROM turns WHERE ${ofRollout} GROUP BY session
        ) GROUP BY first_arm
      ) AS assigned
      LEFT JOIN (
        SELECT arm, count(), countIf(is_escalated), avg(turns), avg(mean_sentiment), avg(length(tool_sequence))
        FROM ${BY_NAME} WHERE rollout = '${ROLLOUT}' GROUP BY arm
      ) AS matured ON matured.arm = assigned.first_arm`,
    exposed: `
      SELECT count() FROM (
        SELECT argMin(arm, started_at) AS first_arm, min(started_at) AS first_at FROM turns WHERE ${ofRollout} GROUP BY session
      ) WHERE first_arm = 'canary'`,
    traffic: trafficScan(at),
    history: `
      SELECT * FROM ${BY_NAME} WHERE agent = '${AGENT}' AND ended_at < ${at.before}
      ORDER BY sequence DESC LIMIT 1 BY session LIMIT 2000`,
  };
}

function membersScan(ofStep: string, { afterAssignment }: Places): string {
  return `
      SELECT assigned.*, outcome.* FROM (
        SELECT agent, session, min(arrival) AS assignment, argMin(arm, arrival) FROM turns WHERE ${ofStep}
        GROUP BY agent, session HAVING assignment > ${afterAssignment} ORDER BY assignment LIMIT 2000
      ) AS assigned
      LEFT JOIN ${BY_NAME} AS outcome ON outcome.session = assigned.session AND outcome.agent = assigned.agent`;
}

function trafficScan({ since, liveSince }: Places): string {
  const recently = `started_at + duration_ms >= ${Math.min(since, liveSince)}`;
  return `
      SELECT release, countIf(from_at = first_at AND first_at >= ${since}),
        countIf(to_at = last_at AND NOT is_over AND session NOT IN (SELECT session FROM ${BY_NAME} WHERE agent = '${AGENT}')),
        sum(own)
      FROM (
        SELECT session, release, from_at, to_at, own, min(from_at) OVER (PARTITION BY session) AS first_at,
          max(to_at) OVER (PARTITION BY session) AS last_at, max(ends) OVER (PARTITION BY session) AS is_over
        FROM (
          SELECT session, release, min(started_at) AS from_at, max(started_at + duration_ms) AS to_at,
            max(ends_session) AS ends, uniqExactIf(id, kind = 'turn' AND started_at >= ${since}) AS own
          FROM turns
          WHERE agent = '${AGENT}' AND session IN (SELECT session FROM turns WHERE agent = '${AGENT}' AND ${recently})
          GROUP BY session, release
        )
      ) GROUP BY release`;
}
