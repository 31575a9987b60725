import type { ClickHouseClient } from "@clickhouse/client";
import {
  formatSessionKey,
  spansNaming,
  type SessionEvidence,
  type SessionKey,
  type Span,
  type TurnRecord,
} from "@perch/domain";
import { movesOfSessions } from "./moves-of-sessions.ts";
import { scoresBySession } from "./scores-by-session.ts";
import { sharedIds } from "./shared-ids.ts";
import { spansOfTraces } from "./spans-of-traces.ts";
import { tracesNaming } from "./traces-naming.ts";
import { turnsOfSessions } from "./turns-of-sessions.ts";

/** As `TraceStore.evidenceOf`. */
export async function evidenceOf(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
): Promise<readonly SessionEvidence[]> {
  if (keys.length === 0) return [];
  const [turns, moves, scores, named] = await Promise.all([
    turnsOfSessions(client, keys),
    movesOfSessions(client, keys),
    scoresBySession(client, keys),
    tracesNaming(client, [...new Set(keys.map(({ session }) => session))]),
  ]);
  const turnsOf = Map.groupBy(turns, formatSessionKey);
  const movesOf = Map.groupBy(moves, formatSessionKey);
  const spansOf = await spansBySession(client, keys, { turnsOf, named });
  return keys.map((key) => {
    const id = formatSessionKey(key);
    return {
      ...key,
      turns: turnsOf.get(id) ?? [],
      moves: movesOf.get(id) ?? [],
      spans: spansOf(key),
      scores: scores.get(id) ?? [],
    };
  });
}

type Found = {
  readonly turnsOf: ReadonlyMap<string, readonly TurnRecord[]>;
  /** Ids of traces by session id. */
  readonly named: ReadonlyMap<string, readonly string[]>;
};

async function spansBySession(
  client: ClickHouseClient,
  keys: readonly SessionKey[],
  { turnsOf, named }: Found,
): Promise<(key: SessionKey) => readonly Span[]> {
  const recordedBy = (key: SessionKey): ReadonlySet<string> =>
    new Set((turnsOf.get(formatSessionKey(key)) ?? []).map(({ traceId }) => traceId));
  const strangersOf = (key: SessionKey): readonly string[] => {
    const recorded = recordedBy(key);
    return (named.get(key.session) ?? []).filter((traceId) => !recorded.has(traceId));
  };
  const naming = keys.filter((key) => strangersOf(key).length > 0).map(({ session }) => session);
  const traceIds = [...new Set(keys.flatMap((key) => [...recordedBy(key), ...strangersOf(key)]))];
  const [spans, shared] = await Promise.all([
    traceIds.length === 0 ? [] : spansOfTraces(client, traceIds),
    naming.length === 0 ? new Set<string>() : sharedIds(client, naming),
  ]);
  const spansOf = Map.groupBy(spans, (span) => span.traceId);
  return (key) => {
    const releases = new Set((turnsOf.get(formatSessionKey(key)) ?? []).map(({ release }) => release));
    return [
      ...[...recordedBy(key)].flatMap((traceId) => spansOf.get(traceId) ?? []),
      ...strangersOf(key).flatMap((traceId) =>
        spansNaming(spansOf.get(traceId) ?? [], key, { releases, isShared: shared.has(key.session) }),
      ),
    ];
  };
}
