import type { ClickHouseClient } from "@clickhouse/client";
import { formatSessionKey, type Score, type SessionKey } from "@perch/domain";
import { scoresOfSessions } from "./scores-of-sessions.ts";
import { sharedIds } from "./shared-ids.ts";

/** The scores of each of these sessions that has any, by `formatSessionKey`; whose those without an agent are, see `TraceStore`. */
export async function scoresBySession(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<ReadonlyMap<string, readonly Score[]>> {
  const ids = [...new Set(keys.map(({ session }) => session))];
  const scores = await scoresOfSessions(client, ids);
  const isAnonymous = scores.some(({ agent }) => agent === null);
  const shared = isAnonymous ? await sharedIds(client, ids) : new Set<string>();
  const scoresOf = Map.groupBy(scores, (score) => score.session);
  const own = keys.map((key) => {
    const belongs = ({ agent }: Score): boolean => (agent === null ? !shared.has(key.session) : agent === key.agent);
    return [formatSessionKey(key), (scoresOf.get(key.session) ?? []).filter(belongs)] as const;
  });
  return new Map(own.filter(([, found]) => found.length > 0));
}
