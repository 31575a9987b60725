import { formatSessionKey, type SessionKey } from "@perch/domain";

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
