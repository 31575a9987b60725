import type { ClickHouseClient } from "@clickhouse/client";
import { formatSessionKey, joinScores, settleScores, type MaturedSession } from "@perch/domain";
import { movesOfSessions } from "./moves-of-sessions.ts";
import { scoresBySession } from "./scores-by-session.ts";

/** Matured sessions with the scores that came later. */
export async function withLateScores(
  client: ClickHouseClient,
  sessions: readonly MaturedSession[],
): Promise<MaturedSession[]> {
  if (sessions.length === 0) return [];
  const scores = await scoresBySession(client, sessions);
  const scored = sessions.filter((session) => scores.has(formatSessionKey(session)));
  const moves = scored.length === 0 ? [] : await movesOfSessions(client, scored);
  const movesOf = Map.groupBy(moves, formatSessionKey);
  return sessions.map((session) => {
    const own = scores.get(formatSessionKey(session));
    if (own === undefined) return session;
    return joinScores(session, settleScores(own, movesOf.get(formatSessionKey(session)) ?? []));
  });
}
