import {
  formatSessionKey,
  type Digest,
  type ListedSession,
  type RecordedSession,
  type ReleaseActivity,
  type ReleaseTraffic,
  type SessionQuery,
  type SessionSource,
  type SessionState,
  type SettledSession,
  type TurnRecord,
} from "@perch/domain";
import type { MaturedSession } from "@perch/domain";

export type RecordedTurns = {
  readonly turnsOf: ReadonlyMap<string, readonly TurnRecord[]>;
  readonly sessions: ReadonlyMap<string, MaturedSession>;
};

/** The part of a session source that is about turn records, whoever had them assigned. */
export function sessionListingOf(
  recorded: RecordedTurns,
): Pick<SessionSource, "releaseTraffic" | "list" | "releaseActivity" | "recorded"> {
  return {
    async releaseTraffic({ agent, since, liveSince }) {
      const records = recordsOf(recorded).filter(([first]) => first?.agent === agent);
      const listed = listAll(recorded, liveSince).filter((session) => session.agent === agent);
      const releases = [...new Set(records.flat().map(({ release }) => release))].toSorted();
      return releases
        .map((release) => trafficOf(release, { records, listed, since }))
        .filter((one) => one.newSessions + one.liveSessions + one.turns > 0);
    },
    async list(query) {
      const [direction, after] = [query.onlyLive ? 1 : -1, query.after];
      const order = (one: Pick<ListedSession, "agent" | "session" | "startedAt">): [number, string] => [
        one.startedAt * direction,
        formatSessionKey(one),
      ];
      return listAll(recorded, query.liveSince)
        .filter((session) => fits(session, query) && cameTo(recorded.sessions.get(formatSessionKey(session)), query))
        .toSorted((a, b) => compare(order(a), order(b)))
        .filter((session) => after === null || compare(order(session), order(after)) > 0)
        .slice(0, query.limit);
    },
    async releaseActivity({ agent, liveSince }) {
      return activityOf(listAll(recorded, liveSince), recordsOf(recorded).flat()).filter(
        (one) => agent === null || one.agent === agent,
      );
    },
    async recorded({ session, agent }) {
      return recordsOf(recorded)
        .filter(([first]) => first?.session === session && (agent === null || first.agent === agent))
        .flatMap((records) => recordedOf(records, recorded));
    },
  };
}

function recordsOf({ turnsOf }: RecordedTurns): readonly (readonly TurnRecord[])[] {
  return [...turnsOf.values()].map((records) => records.toSorted((a, b) => a.startedAt - b.startedAt));
}

function trafficOf(
  release: Digest,
  by: { records: readonly (readonly TurnRecord[])[]; listed: readonly ListedSession[]; since: number },
): ReleaseTraffic {
  const isNew = ([first]: readonly TurnRecord[]): boolean =>
    first !== undefined && first.release === release && first.startedAt >= by.since;
  return {
    release,
    newSessions: by.records.filter(isNew).length,
    liveSessions: by.listed.filter((session) => session.release === release && session.state === "live").length,
    turns: by.records
      .flat()
      .filter((turn) => turn.kind === "turn" && turn.release === release && turn.startedAt >= by.since).length,
  };
}

function listAll(recorded: RecordedTurns, liveSince: number): readonly ListedSession[] {
  return recordsOf(recorded).flatMap((records) => {
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined || records.every(({ kind }) => kind === "sessionEnd")) return [];
    const { agent, session, arm, rollout, step, startedAt } = first;
    const lastTurnAt = Math.max(...records.map(endOf));
    const matured = recorded.sessions.get(formatSessionKey(first));
    const state: SessionState =
      matured !== undefined ? "mature" : hasEnded(records) || lastTurnAt < liveSince ? "ended" : "live";
    const turns = records.filter(({ kind }) => kind === "turn").length;
    const releases = new Set(records.map(({ release }) => release)).size;
    const listed = { agent, session, release: last.release, arm, rollout, step, startedAt };
    return [{ ...listed, lastTurnAt, turns, releases, state, settled: settledOf(matured) }];
  });
}

function settledOf(matured: MaturedSession | undefined): SettledSession | null {
  return matured === undefined ? null : { isEscalated: matured.isEscalated, measures: matured.measures };
}

function fits(session: ListedSession, query: SessionQuery): boolean {
  const isAsked = <T>(wanted: T | null, found: T): boolean => wanted === null || wanted === found;
  return (
    isAsked<string>(query.agent, session.agent) &&
    isAsked(query.arm, session.arm) &&
    isAsked<string | null>(query.rollout, session.rollout) &&
    (query.releases === null || query.releases.includes(session.release)) &&
    (!query.onlyLive || session.state === "live") &&
    session.startedAt < (query.startedBefore ?? Number.POSITIVE_INFINITY) &&
    session.startedAt >= (query.startedSince ?? Number.NEGATIVE_INFINITY)
  );
}

function cameTo(session: MaturedSession | undefined, { outcome, isEscalated, tool }: SessionQuery): boolean {
  if (outcome === null && isEscalated === null && tool === null) return true;
  return (
    session !== undefined &&
    (outcome === null || session.measures.outcome === outcome) &&
    (isEscalated === null || session.isEscalated === isEscalated) &&
    (tool === null || session.toolSequence.includes(tool))
  );
}

function activityOf(sessions: readonly ListedSession[], records: readonly TurnRecord[]): readonly ReleaseActivity[] {
  const turns = records.filter(({ kind }) => kind === "turn");
  const served = Map.groupBy(turns, ({ agent, release }) => `${agent} ${release}`);
  return [...served.values()]
    .flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const { agent, release } = first;
      const live = sessions.filter((one) => one.state === "live" && one.agent === agent && one.release === release);
      const oldestAt = live.length === 0 ? null : Math.min(...live.map(({ startedAt }) => startedAt));
      return [{ agent, release, live: live.length, oldestAt, lastTurnAt: Math.max(...own.map(endOf)) }];
    })
    .toSorted((a, b) => compare([a.agent, -a.lastTurnAt], [b.agent, -b.lastTurnAt]));
}

function recordedOf(records: readonly TurnRecord[], { sessions }: RecordedTurns): readonly RecordedSession[] {
  const [first] = records;
  if (first === undefined) return [];
  const { agent, session, gateway, release, arm, rollout, step } = first;
  const matured = sessions.get(formatSessionKey(first));
  const parts = [...Map.groupBy(records, (record) => record.release)].map(([of, own]) => ({
    release: of,
    turns: own.filter(({ kind }) => kind === "turn").length,
    firstAt: Math.min(...own.map(({ startedAt }) => startedAt)),
    lastAt: Math.max(...own.map(endOf)),
  }));
  return [
    {
      agent,
      session,
      first: { at: first.startedAt, gateway, release, arm, rollout, step },
      byRelease: parts,
      isEnded: hasEnded(records),
      matured: matured === undefined ? null : { at: matured.maturedAt, endedBy: matured.endedBy },
    },
  ];
}

function hasEnded(records: readonly TurnRecord[]): boolean {
  return records.some((record) => record.endsSession || record.kind === "sessionEnd");
}

function endOf({ startedAt, durationMs }: TurnRecord): number {
  return startedAt + durationMs;
}

function compare<T extends readonly (number | string)[]>(a: T, b: T): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  if (at === -1) return 0;
  return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
}
