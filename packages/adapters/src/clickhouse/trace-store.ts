import type {
  MaturedSession,
  MoveRecord,
  Score,
  SessionEvidence,
  SessionId,
  ShadowTurn,
  Span,
  TraceStore,
  TurnRecord,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { alreadyMatured } from "./already-matured.ts";
import { lastArrival } from "./last-arrival.ts";
import { lastSequence } from "./last-sequence.ts";
import { toMoveRow } from "./move-row.ts";
import { movesOfSessions } from "./moves-of-sessions.ts";
import { openSessions } from "./open-sessions.ts";
import { createRowWriter, type RowWriter } from "./row-writer.ts";
import { scoresOfSessions } from "./scores-of-sessions.ts";
import { toSessionRow } from "./session-row.ts";
import { toShadowTurnRow } from "./shadow-turn-row.ts";
import { toSpanRow } from "./span-row.ts";
import { spansOfTraces } from "./spans-of-traces.ts";
import { toTurnRow } from "./turn-row.ts";
import { turnsOfSessions } from "./turns-of-sessions.ts";

// Bodies of OTLP posts are limited, so this is the bound on memory while the disk is slow.
const MAX_WAITING_ROWS = 200_000;
const MAX_ROWS_PER_INSERT = 20_000;
// Under load some five inserts a second and table, which keeps merges of small parts and fixed costs low.
const REST_MS = 15;
const REST_UNDER_LOAD_MS = 190;

/** Writes and the reads that assembly needs, against a migrated database. */
export function createClickHouseTraceStore(clients: {
  inserts: ClickHouseClient;
  reads: ClickHouseClient;
}): TraceStore {
  const { inserts, reads } = clients;
  const spans = writerOf<Span>(inserts, "perch.spans", toSpanRow);
  const turns = turnWriter(inserts);
  const moves = writerOf<MoveRecord>(inserts, "perch.moves", toMoveRow);
  const shadowTurns = writerOf<ShadowTurn>(inserts, "perch.shadow_turns", toShadowTurnRow);
  const scores = writerOf<Score>(inserts, "perch.scores", (score) => score);
  const sessions = writerOf<MaturedSession>(inserts, "perch.sessions", toSessionRow);

  return {
    appendSpans: spans.append,
    appendTurns: turns.append,
    appendMoves: moves.append,
    appendShadowTurns: shadowTurns.append,
    appendScores: scores.append,
    async appendSessions(matured) {
      // One process writes sessions, so nobody else can mature one between this look and the write.
      const known = await alreadyMatured(
        reads,
        matured.map((session) => session.session),
      );
      await sessions.append(matured.filter((session) => !known.has(session.session)));
    },
    evidenceOf: (ids) => evidenceOf(reads, ids),
    openSessions: (sinceMs) => openSessions(reads, sinceMs),
    lastSequence: () => lastSequence(reads),
    async close() {
      await Promise.all([
        spans.close(),
        turns.close(),
        moves.close(),
        shadowTurns.close(),
        scores.close(),
        sessions.close(),
      ]);
    },
  };
}

/** Numbers assignments as they are written: one insert after the other, so a reader never meets a smaller one later. */
function turnWriter(client: ClickHouseClient): RowWriter<TurnRecord> {
  let last: number | null = null;
  return groupCommit(async (turns) => {
    let next = last ?? (await lastArrival(client));
    const values = turns.map((turn) => toTurnRow(turn, turn.kind === "assignment" ? (next += 1) : 0));
    // Taken before the write: if that fails half way, a number may have been used, and must never be used again.
    last = next;
    await client.insert({ table: "perch.turns", values, format: "JSONEachRow" });
  });
}

function writerOf<Item>(
  client: ClickHouseClient,
  table: string,
  toRow: (item: Item) => Readonly<Record<string, unknown>>,
): RowWriter<Item> {
  return groupCommit((items) => client.insert({ table, values: items.map(toRow), format: "JSONEachRow" }));
}

function groupCommit<Item>(insert: (items: readonly Item[]) => Promise<unknown>): RowWriter<Item> {
  return createRowWriter<Item>({
    insert,
    restMs: (appends) => (appends > 1 ? REST_UNDER_LOAD_MS : REST_MS),
    maxRowsPerInsert: MAX_ROWS_PER_INSERT,
    maxWaitingRows: MAX_WAITING_ROWS,
  });
}

async function evidenceOf(
  client: ClickHouseClient,
  sessions: readonly SessionId[],
): Promise<readonly SessionEvidence[]> {
  if (sessions.length === 0) return [];
  const [turns, moves, scores] = await Promise.all([
    turnsOfSessions(client, sessions),
    movesOfSessions(client, sessions),
    scoresOfSessions(client, sessions),
  ]);
  const traceIds = [...new Set(turns.map((turn) => turn.traceId))];
  const spans = traceIds.length === 0 ? [] : await spansOfTraces(client, traceIds);
  const turnsBySession = Map.groupBy(turns, (turn) => turn.session);
  const movesBySession = Map.groupBy(moves, (move) => move.session);
  const scoresBySession = Map.groupBy(scores, (score) => score.session);
  const spansByTrace = Map.groupBy(spans, (span) => span.traceId);
  return sessions.map((session) => {
    const own = turnsBySession.get(session) ?? [];
    const ownTraces = [...new Set(own.map((turn) => turn.traceId))];
    return {
      session,
      turns: own,
      moves: movesBySession.get(session) ?? [],
      spans: ownTraces.flatMap((traceId) => spansByTrace.get(traceId) ?? []),
      scores: scoresBySession.get(session) ?? [],
    };
  });
}
