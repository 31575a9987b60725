import { digestOf, parseAgentName, parseRolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";

export const AGENT = parseAgentName("support");
/** The rollout under way: the newest sessions, as many however long the history before them is. */
export const ROLLOUT = parseRolloutId("rollout-0");
export const STEPS = 4;
export const SESSIONS_PER_DAY = 20_000;
export const ROLLOUT_SESSIONS = 10_000;
export const SPANS_PER_SESSION = 12;
/** The newest sessions have not matured. */
const OPEN_SESSIONS = 300;
const SESSIONS_PER_INSERT = 25_000;
const MS_PER_SESSION = 86_400_000 / SESSIONS_PER_DAY;
const RELEASES = Array.from({ length: 50 }, (_, index) => digestOf(`support 1.${index}.0`));

export type History = {
  readonly sessions: number;
  readonly spans: number;
  /** When the session of this number began, oldest first. */
  readonly beganAt: (session: number) => number;
  readonly now: number;
};

/**
 * Sessions at an even pace: on each day the first half outside of any rollout, the second half under one, with a canary at 5,
 * 25, 50 and 75 per cent. One to five turns a session (three on average), four spans a turn, one tool call each. Every fifth
 * session is another agent's. Made inside the database, by inserts into the very tables that the server writes.
 */
export async function growHistory(client: ClickHouseClient, spans: number, now: number): Promise<History> {
  const sessions = Math.round(spans / SPANS_PER_SESSION);
  const beganAt = (session: number): number => now - (sessions - session) * MS_PER_SESSION;
  for (let from = 0; from < sessions; from += SESSIONS_PER_INSERT) {
    const count = Math.min(SESSIONS_PER_INSERT, sessions - from);
    const those = sessionsSql({ from, count, sessions, now });
    for (const query of [turnsSql(those), spansSql(those), maturedSql(those, sessions)])
      await client.command({ query });
  }
  return { sessions, spans, beganAt, now };
}

type Those = { readonly from: number; readonly count: number; readonly sessions: number; readonly now: number };

/** `n` counts sessions from the oldest on, `age` from the newest back. */
function sessionsSql({ from, count, sessions, now }: Those): string {
  return `
    SELECT number AS n,
      ${sessions} - 1 - n AS age,
      intDiv(age, ${SESSIONS_PER_DAY}) AS day,
      age % ${SESSIONS_PER_DAY} < ${ROLLOUT_SESSIONS} AND NOT is_other AS in_rollout,
      intDiv(${ROLLOUT_SESSIONS} - 1 - age % ${SESSIONS_PER_DAY}, ${ROLLOUT_SESSIONS / STEPS}) AS step_number,
      n % 5 = 4 AS is_other,
      if(is_other, 'sales', '${AGENT}') AS agent_name,
      lower(hex(sipHash128('session', n))) AS session_id,
      in_rollout AND sipHash64('arm', n) % 100 < [5, 25, 50, 75][toUInt8(step_number) + 1] AS is_canary,
      [${RELEASES.map((digest) => `'${digest}'`).join(",")}][(day + if(is_canary, 0, 1)) % ${RELEASES.length} + 1] AS release_digest,
      if(in_rollout, concat('rollout-', toString(day)), NULL) AS rollout_id,
      if(in_rollout, toUInt32(step_number), NULL) AS step_or_null,
      toUInt8(1 + sipHash64('turns', n) % 5) AS turn_count,
      ${now} - (age + 1) * ${MS_PER_SESSION} AS began,
      sipHash64('escalated', n) % 100 < 8 AS escalated
    FROM numbers(${from}, ${count})`;
}

// One record more than turns: the assignment, in front of them.
function turnsSql(those: string): string {
  return `
    INSERT INTO turns (id, kind, gateway, agent, session, release, arm, rollout, step, trace_id, started_at, duration_ms,
      first_byte_ms, status, fault, request_bytes, response_bytes, ends_session, is_synthetic, arrival)
    SELECT lower(hex(sipHash128('turn', n, turn))), if(turn = 0, 'assignment', 'turn'), 'gw-1', agent_name, session_id,
      release_digest, if(is_canary, 'canary', 'baseline'), rollout_id, step_or_null, lower(hex(sipHash128('trace', n, turn))),
      began + turn * 20000, if(turn = 0, 0, 800 + sipHash64('ms', n, turn) % 4000), 120 + sipHash64('byte', n, turn) % 300,
      200, NULL, 400, 2500, 0, 0, if(turn = 0, n + 1, 0)
    FROM (${those})
    ARRAY JOIN range(toUInt8(NOT in_rollout), turn_count + 1) AS turn`;
}

function spansSql(those: string): string {
  return `
    INSERT INTO spans (trace_id, span_id, parent_span_id, kind, name, started_at, duration_ms, is_error, session, release, arm,
      rollout, model, input_tokens, output_tokens, tool_name, tool_call_id, tool_arguments_digest, dialect)
    SELECT lower(hex(sipHash128('trace', n, turn))), lower(hex(sipHash64('span', n, turn, span))),
      if(span = 0, NULL, lower(hex(sipHash64('span', n, turn, 0)))), ['turn', 'reasoning', 'tool', 'response'][span + 1],
      ['invoke_agent support', 'chat model', 'execute_tool', 'response'][span + 1],
      began + turn * 20000 + span * 100, 100 + sipHash64('span ms', n, turn, span) % 2000, 0, session_id, release_digest,
      if(is_canary, 'canary', 'baseline'), rollout_id, if(span = 1, 'model-1', NULL), if(span = 1, 900, 0), if(span = 1, 120, 0),
      if(span = 2, concat('tool_', toString(sipHash64('tool', n, turn) % 12)), NULL), if(span = 2, 'call_1', NULL),
      if(span = 2, lower(hex(sipHash128('arguments', n, turn))), NULL), 'ai-sdk'
    FROM (${those})
    ARRAY JOIN range(1, turn_count + 1) AS turn
    ARRAY JOIN range(4) AS span`;
}

function maturedSql(those: string, sessions: number): string {
  return `
    INSERT INTO sessions (sequence, session, agent, release, arm, rollout, step, started_at, ended_at, matured_at, ended_by,
      turns, failed_turns, tool_sequence, failed_tool_calls, is_escalated, input_tokens, output_tokens, mean_sentiment, scores,
      releases_seen, is_synthetic)
    SELECT n + 1, session_id, agent_name, release_digest, if(is_canary, 'canary', 'baseline'), rollout_id, step_or_null, began,
      began + turn_count * 20000, began + turn_count * 20000 + 2000, 'idle', turn_count, 0,
      arrayMap(turn -> concat('tool_', toString(sipHash64('tool', n, turn) % 12)), range(1, turn_count + 1)), 0, escalated,
      900 * turn_count, 120 * turn_count, (sipHash64('mood', n) % 200) / 100 - 1, map(), [release_digest], 0
    FROM (${those})
    WHERE n < ${sessions - OPEN_SESSIONS}`;
}
