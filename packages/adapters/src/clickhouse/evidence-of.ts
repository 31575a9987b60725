import type { ClickHouseClient } from "@clickhouse/client";
import { formatSessionKey, type SessionEvidence, type SessionKey } from "@perch/domain";
import { movesOfSessions } from "./moves-of-sessions.ts";
import { scoresBySession } from "./scores-by-session.ts";
import { spansOfTraces } from "./spans-of-traces.ts";
import { turnsOfSessions } from "./turns-of-sessions.ts";

/** As `TraceStore.evidenceOf`. */
export async function evidenceOf(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<readonly SessionEvidence[]> {
  if (keys.length === 0) return [];
  const [turns, moves, scores] = await Promise.all([
    turnsOfSessions(client, keys),
    movesOfSessions(client, keys),
    scoresBySession(client, keys),
  ]);
  const traceIds = [...new Set(turns.map((turn) => turn.traceId))];
  const spans = traceIds.length === 0 ? [] : await spansOfTraces(client, traceIds);
  const turnsOf = Map.groupBy(turns, formatSessionKey);
  const movesOf = Map.groupBy(moves, formatSessionKey);
  const spansOf = Map.groupBy(spans, (span) => span.traceId);
  return keys.map((key) => {
    const own = turnsOf.get(formatSessionKey(key)) ?? [];
    const ownTraces = [...new Set(own.map((turn) => turn.traceId))];
    return {
      ...key,
      turns: own,
      moves: movesOf.get(formatSessionKey(key)) ?? [],
      spans: ownTraces.flatMap((traceId) => spansOf.get(traceId) ?? []),
      scores: scores.get(formatSessionKey(key)) ?? [],
    };
  });
}
