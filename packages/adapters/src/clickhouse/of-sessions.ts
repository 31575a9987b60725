import { formatSessionKey, type SessionKey } from "@perch/domain";

/**
 * A subquery: the sequences under which these sessions matured, by what `ofSessions` binds. A key is a hash: what it finds is
 * still to be looked at by name.
 */
export const THEIR_SEQUENCES = `
  SELECT matured_as FROM session_states
  WHERE key IN (
    SELECT sipHash64(pair.1, pair.2)
    FROM (SELECT arrayJoin(arrayZip({agents:Array(String)}, {ids:Array(String)})) AS pair)
  )`;

/** A condition for rows of these sessions. The ids by themselves are what a table is sorted by: they find the granules. */
export function ofSessions(keys: readonly SessionKey[]): { where: string; parameters: Record<string, unknown> } {
  return {
    where: "session IN {ids:Array(String)} AND concat(agent, ' ', session) IN {keys:Array(String)}",
    parameters: {
      ids: keys.map(({ session }) => session),
      agents: keys.map(({ agent }) => agent),
      keys: keys.map(formatSessionKey),
    },
  };
}
