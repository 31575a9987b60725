import {
  formatSessionKey,
  joinScores,
  settleScores,
  type MaturedSession,
  type MoveRecord,
  type Score,
  type SessionKey,
  type TurnRecord,
} from "@perch/domain";

export type ScoredSessions = {
  readonly turnsOf: ReadonlyMap<string, readonly TurnRecord[]>;
  readonly movesOf: ReadonlyMap<string, readonly MoveRecord[]>;
  readonly scoresOf: ReadonlyMap<string, readonly Score[]>;
  readonly sessions: ReadonlyMap<string, MaturedSession>;
};

/** Those that belong to the session, see `TraceStore.evidenceOf`. */
export function scoresOf(memory: ScoredSessions, key: SessionKey): readonly Score[] {
  const all = memory.scoresOf.get(key.session) ?? [];
  if (all.length === 0) return all;
  const agents = new Set(
    [...memory.turnsOf.values()].flat().flatMap((turn) => (turn.session === key.session ? [turn.agent] : [])),
  );
  return all.filter(({ agent }) => (agent === null ? agents.size <= 1 : agent === key.agent));
}

/** With the scores that came later; null when it has not matured. */
export function maturedOf(memory: ScoredSessions, key: SessionKey): MaturedSession | null {
  const session = memory.sessions.get(formatSessionKey(key));
  if (session === undefined) return null;
  return joinScores(session, settleScores(scoresOf(memory, key), memory.movesOf.get(formatSessionKey(key)) ?? []));
}
