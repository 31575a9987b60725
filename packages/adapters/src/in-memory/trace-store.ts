import {
  formatSessionKey,
  spansNaming,
  type Arm,
  type ArmSummary,
  type CohortMember,
  type CohortSource,
  type ExplorerSource,
  type MaturedSession,
  type MoveRecord,
  type PairSource,
  type RolloutId,
  type Score,
  type SessionEvidence,
  type SessionKey,
  type SessionSource,
  type ShadowTurn,
  type Span,
  type TraceStore,
  type TurnRecord,
  type WriteCallSource,
} from "@perch/domain";
import { createMemoryContents } from "./span-contents.ts";
import { explorerSourceOf } from "./explorer-source.ts";
import { pairSourceOf } from "./pair-source.ts";
import { createScoreBatchClaims } from "./score-batch-claims.ts";
import { isSharedId, maturedOf, scoresOf } from "./scored-sessions.ts";
import { sessionListingOf } from "./session-listing.ts";
import { openSessionOf } from "./open-session-of.ts";
import { signsOfLife, standingOf } from "./signs-of-life.ts";
import { writeCallSourceOf } from "./write-call-source.ts";

type Memory = {
  /** Spans, turns and scores seen, by what makes each unique. */
  readonly seen: Set<string>;
  readonly spansOf: Map<string, Span[]>;
  /** When the last span of a trace came in, by its id. */
  readonly heardAt: Map<string, number>;
  /** These by agent and session, as `formatSessionKey` writes them; scores by session alone. */
  readonly turnsOf: Map<string, TurnRecord[]>;
  readonly shadowTurns: ShadowTurn[];
  readonly movesOf: Map<string, MoveRecord[]>;
  readonly scoresOf: Map<string, Score[]>;
  readonly sessions: Map<string, MaturedSession>;
  /** The first assignment of each session, in the order of arrival: its number is its place, from 1 on. */
  readonly assignments: Map<string, TurnRecord>;
};

/** Keeps everything in the process. What one interface is given, the others see. */
export function createMemoryTraceStore(): {
  store: TraceStore;
  cohorts: CohortSource;
  sessions: SessionSource;
  pairs: PairSource;
  writeCalls: WriteCallSource;
  explorer: ExplorerSource;
} {
  const memory: Memory = {
    seen: new Set(),
    spansOf: new Map(),
    heardAt: new Map(),
    turnsOf: new Map(),
    shadowTurns: [],
    movesOf: new Map(),
    scoresOf: new Map(),
    sessions: new Map(),
    assignments: new Map(),
  };
  return {
    store: traceStoreOf(memory),
    cohorts: cohortSourceOf(memory),
    sessions: sessionSourceOf(memory),
    pairs: pairSourceOf(memory),
    writeCalls: writeCallSourceOf(memory),
    explorer: explorerSourceOf(memory),
  };
}

function traceStoreOf(memory: Memory): TraceStore {
  return {
    // One process gives all numbers.
    beginTerm() {},
    async appendSpans(spans) {
      for (const span of spans) {
        memory.heardAt.set(span.traceId, Date.now());
        if (isNew(memory, `span ${span.traceId} ${span.spanId}`)) addTo(memory.spansOf, span.traceId, span);
      }
    },
    async appendTurns(turns) {
      for (const turn of turns) {
        if (!isNew(memory, `turn ${turn.id}`)) continue;
        const key = formatSessionKey(turn);
        addTo(memory.turnsOf, key, turn);
        if (turn.kind === "assignment" && !memory.assignments.has(key)) memory.assignments.set(key, turn);
      }
    },
    async appendShadowTurns(turns) {
      memory.shadowTurns.push(...turns.filter(({ id }) => isNew(memory, `shadow ${id}`)));
    },
    async appendMoves(moves) {
      for (const move of moves)
        if (isNew(memory, `move ${move.id}`)) addTo(memory.movesOf, formatSessionKey(move), move);
    },
    ...scoreKeeperOf(memory),
    ...createMemoryContents(),
    claimScoreBatch: createScoreBatchClaims(),
    async appendSessions(sessions) {
      for (const session of sessions) {
        const key = formatSessionKey(session);
        if (!memory.sessions.has(key)) memory.sessions.set(key, session);
      }
    },
    evidenceOf: async (keys) => keys.map((key) => evidenceOf(memory, key)),
    async openSessions(sinceMs) {
      return [...memory.turnsOf]
        .filter(([key, records]) => !memory.sessions.has(key) && hasTurnSince(records, sinceMs))
        .flatMap(([, records]) => openSessionOf(records));
    },
    async lastSequence() {
      return [...memory.sessions.values()].reduce((last, session) => Math.max(last, session.sequence), 0);
    },
    async close() {},
  };
}

function scoreKeeperOf(memory: Memory): Pick<TraceStore, "appendScores" | "scoresNamed"> {
  return {
    async appendScores(scores) {
      for (const score of scores) {
        if (isNew(memory, `score ${score.session} ${score.id}`)) addTo(memory.scoresOf, score.session, score);
      }
    },
    async scoresNamed(names) {
      const wanted = new Set(names.map(({ session, id }) => `${session} ${id}`));
      const sessions = new Set(names.map(({ session }) => session));
      return [...sessions]
        .flatMap((session) => memory.scoresOf.get(session) ?? [])
        .filter(({ session, id }) => wanted.has(`${session} ${id}`));
    },
  };
}

function evidenceOf(memory: Memory, key: SessionKey): SessionEvidence {
  const turns = memory.turnsOf.get(formatSessionKey(key)) ?? [];
  const traceIds = new Set(turns.map((turn) => turn.traceId));
  const own = [...traceIds].flatMap((traceId) => memory.spansOf.get(traceId) ?? []);
  const spans = [...own, ...namedSpans(memory, key, traceIds)];
  const scores = scoresOf(memory, key);
  const moves = [...(memory.movesOf.get(formatSessionKey(key)) ?? [])];
  return { ...key, turns: [...turns], moves, spans, scores };
}

function namedSpans(memory: Memory, key: SessionKey, recorded: ReadonlySet<string>): readonly Span[] {
  const turns = memory.turnsOf.get(formatSessionKey(key)) ?? [];
  const releases = new Set(turns.map(({ release }) => release));
  const isShared = isSharedId(memory, key.session);
  return [...memory.spansOf].flatMap(([traceId, spans]) =>
    recorded.has(traceId) ? [] : spansNaming(spans, key, { releases, isShared }),
  );
}

function cohortSourceOf(memory: Memory): CohortSource {
  return {
    async members({ rollout, step, afterAssignment, limit }) {
      return assignmentsIn(memory, rollout, step)
        .filter((member) => member.assignment > afterAssignment)
        .slice(0, limit);
    },
    async assigned({ rollout, step }) {
      const members = assignmentsIn(memory, rollout, step);
      const canary = members.filter((member) => member.arm === "canary").length;
      return { baseline: members.length - canary, canary };
    },
    signsOfLife: async (query) => signsOfLife([...memory.turnsOf.values()].flat(), query),
    async history({ agent, before, limit }) {
      return newestFirst(memory)
        .filter((one) => one.agent === agent && one.endedAt < before)
        .slice(0, limit)
        .map((one) => maturedOf(memory, one) ?? one);
    },
  };
}

function assignmentsIn(memory: Memory, rollout: RolloutId, step: number): readonly CohortMember[] {
  return [...memory.assignments.values()]
    .map((turn, index) => ({ turn, assignment: index + 1 }))
    .filter(({ turn }) => turn.rollout === rollout && turn.step === step)
    .map(({ turn, assignment }) => ({
      assignment,
      arm: turn.arm,
      assignedAt: turn.startedAt,
      ...standingOf(memory.turnsOf.get(formatSessionKey(turn)) ?? []),
      matured: maturedOf(memory, turn),
    }));
}

function sessionSourceOf(memory: Memory): SessionSource {
  return {
    recent: async (limit) => newestFirst(memory).slice(0, limit),
    async armSummaries(rollout) {
      return { baseline: armSummary(memory, rollout, "baseline"), canary: armSummary(memory, rollout, "canary") };
    },
    ...sessionListingOf(memory),
    async switchedSessions(rollout) {
      return [...memory.turnsOf].filter(
        ([key, records]) =>
          records.some((record) => record.rollout === rollout) && unexplained(memory, key, records) > 1,
      ).length;
    },
    async exposedSessions({ rollout, before }) {
      return [...assignedSessions(memory, rollout, "canary").values()].filter(
        (records) => before === null || firstOf(records).startedAt < before,
      ).length;
    },
    async movedSessions({ agent, move, session, limit }) {
      return [...memory.movesOf.values()]
        .flat()
        .filter((one) => one.agent === agent && (move === null || one.move === move))
        .filter((one) => session === null || one.session === session)
        .toSorted((a, b) => b.at - a.at)
        .slice(0, limit);
    },
    async movedCounts(agent) {
      const own = [...memory.movesOf.values()].flat().filter((one) => one.agent === agent);
      const byMove = Map.groupBy(own, ({ move }) => move);
      return new Map([...byMove].map(([move, all]) => [move, new Set(all.map(({ session }) => session)).size]));
    },
  };
}

/** Releases that no move led to. */
function unexplained(memory: Memory, key: string, records: readonly TurnRecord[]): number {
  const led = new Set((memory.movesOf.get(key) ?? []).map(({ to }) => to));
  const own = new Set(records.map(({ release }) => release).filter((release) => !led.has(release)));
  return own.size;
}

function isNew(memory: Memory, identity: string): boolean {
  if (memory.seen.has(identity)) return false;
  memory.seen.add(identity);
  return true;
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function hasTurnSince(records: readonly TurnRecord[], since: number): boolean {
  return records.some((record) => record.kind === "turn" && record.startedAt + record.durationMs >= since);
}

/** Sessions by the turns they had under the rollout; the first of these decides the arm. */
function assignedSessions(memory: Memory, rollout: RolloutId, arm: Arm): Map<string, TurnRecord[]> {
  const assigned = new Map<string, TurnRecord[]>();
  for (const [session, records] of memory.turnsOf) {
    const turns = records.filter((record) => record.kind === "turn" && record.rollout === rollout);
    if (turns.length > 0 && firstOf(turns).arm === arm) assigned.set(session, turns);
  }
  return assigned;
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
