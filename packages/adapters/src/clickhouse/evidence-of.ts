import type { ClickHouseClient } from "@clickhouse/client";
import { formatSessionKey, type Score, type SessionEvidence, type SessionKey } from "@perch/domain";
import { movesOfSessions } from "./moves-of-sessions.ts";
import { scoresOfSessions } from "./scores-of-sessions.ts";
import { sharedIds } from "./shared-ids.ts";
import { spansOfTraces } from "./spans-of-traces.ts";
import { turnsOfSessions } from "./turns-of-sessions.ts";

/** As `TraceStore.evidenceOf`. */
export async function evidenceOf(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<readonly SessionEvidence[]> {
  if (keys.length === 0) return [];
  const ids = [...new Set(keys.map(({ session }) => session))];
  const [turns, moves, scores] = await Promise.all([
    turnsOfSessions(client, keys),
    movesOfSessions(client, keys),
    scoresOfSessions(client, ids),
  ]);
  const traceIds = [...new Set(turns.map((turn) => turn.traceId))];
  const spans = traceIds.length === 0 ? [] : await spansOfTraces(client, traceIds);
  const isAnonymous = scores.some(({ agent }) => agent === null);
  const shared = isAnonymous ? await sharedIds(client, ids) : new Set<string>();
  const turnsOf = Map.groupBy(turns, formatSessionKey);
  const movesOf = Map.groupBy(moves, formatSessionKey);
  const spansOf = Map.groupBy(spans, (span) => span.traceId);
  const scoresOf = Map.groupBy(scores, (score) => score.session);
  return keys.map((key) => {
    const own = turnsOf.get(formatSessionKey(key)) ?? [];
    const ownTraces = [...new Set(own.map((turn) => turn.traceId))];
    const belongs = ({ agent }: Score): boolean => (agent === null ? !shared.has(key.session) : agent === key.agent);
    return {
      ...key,
      turns: own,
      moves: movesOf.get(formatSessionKey(key)) ?? [],
      spans: ownTraces.flatMap((traceId) => spansOf.get(traceId) ?? []),
      scores: (scoresOf.get(key.session) ?? []).filter(belongs),
    };
  });
}
