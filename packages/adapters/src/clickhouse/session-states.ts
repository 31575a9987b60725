import { NEVER } from "./never-matured.ts";

/**
 * A subquery: one row a session with its state, of sessions that `where` finds, a condition on rows of the summary. Bound:
 * `liveSince`. A session without any record but that of its end never happened.
 */
export function sessionStates(where: string): string {
  return `
  SELECT key, any(session_states.agent) AS agent, any(session_states.session) AS session,
    argMaxMerge(at_release) AS last_release,
    argMinMerge(placement) AS first,
    min(began_at) AS first_at,
    max(active_at) AS last_at,
    length(groupUniqArrayArray(turn_ids)) AS turn_count,
    length(groupUniqArrayArray(releases)) AS release_count,
    multiIf(
      min(matured_as) < ${NEVER}, 'mature',
      max(is_over) OR last_at < {liveSince:Float64}, 'ended',
      'live') AS state
  FROM session_states
  WHERE ${where}
  GROUP BY key
  HAVING max(has_begun)`;
}

/** A condition on rows of the summary: sessions that may be live. Bound: `agent` ('' for all) and `liveSince`. */
export const MAY_BE_LIVE = `({agent:String} = '' OR session_states.agent = {agent:String})
    AND key IN (
      SELECT sipHash64(agent, session) FROM turn_times
      WHERE ({agent:String} = '' OR agent = {agent:String}) AND ended_at >= {liveSince:Float64}
    )`;
