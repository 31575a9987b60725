import {
  formatSessionKey,
  joinScores,
  settleScores,
  type MaturedSession,
  type MoveRecord,
  type Score,
  type SessionId,
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
  const isShared = isSharedId(memory, key.session);
  return all.filter(({ agent }) => (agent === null ? !isShared : agent === key.agent));
}

/** Whether more than one agent has a session of this id. */
export function isSharedId({ turnsOf }: Pick<ScoredSessions, "turnsOf">, session: SessionId): boolean {
  const turns = [...turnsOf.values()].flat().filter((turn) => turn.session === session);
  return new Set(turns.map(({ agent }) => agent)).size > 1;
}

/** With the scores that came later; null when it has not matured. */
export function maturedOf(memory: ScoredSessions, key: SessionKey): MaturedSession | null {
  const session = memory.sessions.get(formatSessionKey(key));
  if (session === undefined) return null;
  return joinScores(session, settleScores(scoresOf(memory, key), memory.movesOf.get(formatSessionKey(key)) ?? []));
}
