/**
 * A subquery: one row a session with its state. Bound: `agent` ('' for all), `onlyLive` (sessions that cannot be live may
 * then be left out), `liveSince`. A session without any record but that of its end never happened.
 */
export const SESSION_STATES = `
  SELECT agent, session,
    argMax(release, started_at) AS last_release,
    argMin(tuple(arm, rollout, step), started_at) AS first,
    min(started_at) AS first_at,
    max(started_at + duration_ms) AS last_at,
    uniqExactIf(id, kind = 'turn') AS turn_count,
    uniqExact(release) AS release_count,
    multiIf(
      (agent, session) IN (
        SELECT agent, session FROM perch.matured_sessions
        WHERE NOT {onlyLive:Bool} OR session IN (
          SELECT session FROM perch.turns WHERE started_at + duration_ms >= {liveSince:Float64}
        )
      ), 'mature',
      max(ends_session OR kind = 'sessionEnd') OR last_at < {liveSince:Float64}, 'ended',
      'live') AS state
  FROM perch.turns
  WHERE ({agent:String} = '' OR agent = {agent:String})
    AND (NOT {onlyLive:Bool} OR (agent, session) IN (
      SELECT agent, session FROM perch.turns WHERE started_at + duration_ms >= {liveSince:Float64}
    ))
  GROUP BY agent, session
  HAVING countIf(kind != 'sessionEnd') > 0`;
