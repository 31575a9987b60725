import type {
  Arm,
  ArmSummary,
  ArmTraffic,
  CohortSource,
  MaturedSession,
  OpenSession,
  RolloutId,
  Score,
  SessionId,
  SessionSource,
  Span,
  TraceStore,
  TurnRecord,
} from "@perch/domain";

type Memory = {
  readonly spans: Map<string, Span>;
  readonly turns: Map<string, TurnRecord>;
  readonly scores: Map<string, Score>;
  readonly sessions: Map<SessionId, MaturedSession>;
};

/** Keeps everything in the process, for tests. What one interface is given, the others see. */
export function createMemoryTraceStore(): { store: TraceStore; cohorts: CohortSource; sessions: SessionSource } {
  const memory: Memory = { spans: new Map(), turns: new Map(), scores: new Map(), sessions: new Map() };
  return { store: traceStoreOf(memory), cohorts: cohortSourceOf(memory), sessions: sessionSourceOf(memory) };
}

function traceStoreOf(memory: Memory): TraceStore {
  return {
    async appendSpans(spans) {
      for (const span of spans) putFirst(memory.spans, `${span.traceId} ${span.spanId}`, span);
    },
    async appendTurns(turns) {
      for (const turn of turns) putFirst(memory.turns, turn.id, turn);
    },
    async appendScores(scores) {
      for (const score of scores) putFirst(memory.scores, score.id, score);
    },
    async appendSessions(sessions) {
      for (const session of sessions) putFirst(memory.sessions, session.session, session);
    },
    async evidenceOf(sessions) {
      return sessions.map((session) => {
        const turns = [...memory.turns.values()].filter((turn) => turn.session === session);
        const traceIds = new Set(turns.map((turn) => turn.traceId));
        const spans = [...memory.spans.values()].filter((span) => traceIds.has(span.traceId));
        const scores = [...memory.scores.values()].filter((score) => score.session === session);
        return { session, turns, spans, scores };
      });
    },
    async openSessions(sinceMs) {
      return [...recordsBySession(memory.turns.values())]
        .filter(([session, records]) => !memory.sessions.has(session) && hasTurnSince(records, sinceMs))
        .map(([session, records]) => openSessionOf(session, records));
    },
    async lastSequence() {
      return Math.max(0, ...[...memory.sessions.values()].map((session) => session.sequence));
    },
    async close() {},
  };
}

function cohortSourceOf(memory: Memory): CohortSource {
  return {
    async matured({ rollout, step, afterSequence, limit }) {
      return [...memory.sessions.values()]
        .filter((one) => one.rollout === rollout && one.step === step && one.sequence > afterSequence)
        .toSorted((a, b) => a.sequence - b.sequence)
        .slice(0, limit);
    },
    async history({ agent, before, limit }) {
      return newestFirst(memory)
        .filter((one) => one.agent === agent && one.endedAt < before)
        .slice(0, limit);
    },
  };
}

function sessionSourceOf(memory: Memory): SessionSource {
  return {
    async recent(limit) {
      return newestFirst(memory).slice(0, limit);
    },
    async armSummaries(rollout) {
      return { baseline: armSummary(memory, rollout, "baseline"), canary: armSummary(memory, rollout, "canary") };
    },
    async armTraffic({ rollout, since, liveSince }) {
      const trafficOf = (arm: Arm): ArmTraffic => {
        const assigned = [...assignedSessions(memory, rollout, arm)];
        const turns = assigned.flatMap(([, records]) => records);
        return {
          newSessions: assigned.filter(([, records]) => firstOf(records).startedAt >= since).length,
          liveSessions: assigned.filter(([id, all]) => !memory.sessions.has(id) && hasTurnSince(all, liveSince)).length,
          turns: turns.filter((turn) => turn.startedAt >= since).length,
        };
      };
      return { baseline: trafficOf("baseline"), canary: trafficOf("canary") };
    },
    async switchedSessions(rollout) {
      return [...recordsBySession(memory.turns.values()).values()].filter(
        (records) =>
          records.some((record) => record.rollout === rollout) && new Set(records.map((r) => r.release)).size > 1,
      ).length;
    },
    async exposedSessions({ rollout, before }) {
      return [...assignedSessions(memory, rollout, "canary").values()].filter(
        (records) => before === null || firstOf(records).startedAt < before,
      ).length;
    },
  };
}

function putFirst<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}

function recordsBySession(records: Iterable<TurnRecord>): Map<SessionId, TurnRecord[]> {
  return Map.groupBy(records, (record) => record.session);
}

function hasTurnSince(records: readonly TurnRecord[], since: number): boolean {
  return records.some((record) => record.kind === "turn" && record.startedAt + record.durationMs >= since);
}

function openSessionOf(session: SessionId, records: readonly TurnRecord[]): OpenSession {
  return {
    session,
    lastActivityAt: Math.max(...records.map((record) => record.startedAt + record.durationMs)),
    isEnded: records.some((record) => record.endsSession || record.kind === "sessionEnd"),
  };
}

/** Sessions by the turns they had under the rollout; the first of these decides the arm. */
function assignedSessions(memory: Memory, rollout: RolloutId, arm: Arm): Map<SessionId, TurnRecord[]> {
  const turns = [...memory.turns.values()].filter((turn) => turn.kind === "turn" && turn.rollout === rollout);
  return new Map([...recordsBySession(turns)].filter(([, records]) => firstOf(records).arm === arm));
}

function firstOf(records: readonly TurnRecord[]): TurnRecord {
  return records.reduce((first, record) => (record.startedAt < first.startedAt ? record : first));
}

function newestFirst(memory: Memory): readonly MaturedSession[] {
  return [...memory.sessions.values()].toSorted((a, b) => b.sequence - a.sequence);
}

function armSummary(memory: Memory, rollout: RolloutId, arm: Arm): ArmSummary {
  const assigned = assignedSessions(memory, rollout, arm);
  const matured = [...memory.sessions.values()].filter((one) => one.rollout === rollout && one.arm === arm);
  return {
    sessions: assigned.size,
    matured: matured.length,
    escalated: matured.filter((one) => one.isEscalated).length,
    turns: [...assigned.values()].reduce((sum, records) => sum + records.length, 0),
    meanTurns: meanOf(matured.map((one) => one.turns)),
    meanSentiment: meanOf(matured.flatMap((one) => (one.meanSentiment === null ? [] : [one.meanSentiment]))),
    meanToolCalls: meanOf(matured.map((one) => one.toolSequence.length)),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
