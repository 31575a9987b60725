import {
  formatSessionKey,
  numbersAfter,
  type MaturedSession,
  type MoveRecord,
  type Score,
  type ShadowTurn,
  type Span,
  type SpanContent,
  type TraceStore,
  type TurnRecord,
} from "@perch/domain";
import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";
import { alreadyMatured } from "./already-matured.ts";
import { contentsOfTrace, toContentRow } from "./content-row.ts";
import { createScoreBatchClaims } from "./claim-score-batch.ts";
import { evidenceOf } from "./evidence-of.ts";
import { lastArrival } from "./last-arrival.ts";
import { lastSequence } from "./last-sequence.ts";
import { toMoveRow } from "./move-row.ts";
import { openSessions } from "./open-sessions.ts";
import { createBlockWriter } from "./block-writer.ts";
import { createRowWriter, type RowLimits, type RowWriter } from "./row-writer.ts";
import { toScoreRow } from "./score-row.ts";
import { scoresNamed } from "./scores-named.ts";
import { toSessionRow } from "./session-row.ts";
import { toShadowTurnRow } from "./shadow-turn-row.ts";
import { SPAN_COLUMNS } from "./span-row.ts";
import { toTurnRow } from "./turn-row.ts";

// Bodies of OTLP posts are limited, so this is the bound on memory while the disk is slow.
const MAX_WAITING_ROWS = 200_000;
const MAX_ROWS_PER_INSERT = 20_000;
// What an insert costs however little it carries is then less than a tenth of what its rows cost.
const ROWS_WORTH_AN_INSERT = 4096;
// Under load some five inserts a second and table, which keeps merges of small parts and fixed costs low.
const REST_MS = 15;
const REST_UNDER_LOAD_MS = 190;
const LIMITS: RowLimits = {
  restMs: (appends) => (appends > 1 ? REST_UNDER_LOAD_MS : REST_MS),
  rowsWorthAnInsert: ROWS_WORTH_AN_INSERT,
  maxRowsPerInsert: MAX_ROWS_PER_INSERT,
  maxWaitingRows: MAX_WAITING_ROWS,
};

// Half a character, where a long text was cut, is kept as it is written: refusing it would refuse every row beside it, for ever.
// And what a view could not take in is not acknowledged, whatever the server's own default is.
const INSERT_SETTINGS: ClickHouseSettings = {
  input_format_json_throw_on_bad_escape_sequence: 0,
  materialized_views_ignore_errors: 0,
};

type Row = Readonly<Record<string, unknown>>;

/** Writes and the reads that assembly needs, against a migrated database. */
export function createClickHouseTraceStore(clients: {
  inserts: ClickHouseClient;
  reads: ClickHouseClient;
}): TraceStore {
  const { inserts, reads } = clients;
  const spans = createBlockWriter<Span>(inserts, { table: "spans", columns: SPAN_COLUMNS, limits: LIMITS });
  const term = { epoch: 0 };
  const turns = turnWriter(inserts, term);
  const moves = writerOf<MoveRecord>(inserts, "moves", toMoveRow);
  const shadowTurns = writerOf<ShadowTurn>(inserts, "shadow_turns", toShadowTurnRow);
  const scores = writerOf<Score>(inserts, "scores", toScoreRow);
  const contents = writerOf<SpanContent>(inserts, "span_contents", toContentRow);
  const sessions = writerOf<MaturedSession>(inserts, "sessions", toSessionRow);

  return {
    beginTerm(epoch) {
      term.epoch = epoch;
    },
    appendSpans: spans.append,
    appendTurns: turns.append,
    appendMoves: moves.append,
    appendShadowTurns: shadowTurns.append,
    appendScores: scores.append,
    scoresNamed: (names) => scoresNamed(reads, names),
    appendContents: contents.append,
    contentsOf: (traceId) => contentsOfTrace(reads, traceId),
    claimScoreBatch: createScoreBatchClaims(clients),
    async appendSessions(matured) {
      // Who leads writes sessions, so nobody else matures one between this look and the write.
      const known = await alreadyMatured(reads, matured);
      await sessions.append(matured.filter((session) => !known.has(formatSessionKey(session))));
    },
    evidenceOf: (keys) => evidenceOf(reads, keys),
    openSessions: (sinceMs) => openSessions(reads, sinceMs),
    lastSequence: async () => Math.max(await lastSequence(reads), numbersAfter(term.epoch)),
    async close() {
      await Promise.all([
        spans.close(),
        turns.close(),
        moves.close(),
        shadowTurns.close(),
        scores.close(),
        contents.close(),
        sessions.close(),
      ]);
    },
  };
}

/** Numbers assignments as they are written: one insert after the other, so a reader never meets a smaller one later. */
function turnWriter(client: ClickHouseClient, term: { readonly epoch: number }): RowWriter<readonly TurnRecord[]> {
  let last: number | null = null;
  return groupCommit(async (turns) => {
    let next = Math.max(last ?? (await lastArrival(client)), numbersAfter(term.epoch));
    const values = turns.map((turn) => toTurnRow(turn, turn.kind === "assignment" ? (next += 1) : 0));
    // Taken before the write: if that fails half way, a number may have been used, and must never be used again.
    last = next;
    await insertInto(client, "turns", values);
  });
}

function writerOf<Item>(
  client: ClickHouseClient,
  table: string,
  toRow: (item: Item) => Row,
): RowWriter<readonly Item[]> {
  return groupCommit((items) => insertInto(client, table, items.map(toRow)));
}

/** With the columns named once, which costs a quarter less than naming them in each row. */
async function insertInto(client: ClickHouseClient, table: string, rows: readonly Row[]): Promise<void> {
  const [column, ...others] = Object.keys(rows[0] ?? {});
  if (column === undefined) return;
  await client.insert({
    table,
    columns: [column, ...others],
    values: rows.map((row) => [row[column], ...others.map((other) => row[other])]),
    format: "JSONCompactEachRow",
    clickhouse_settings: INSERT_SETTINGS,
  });
}

function groupCommit<Item>(insert: (items: readonly Item[]) => Promise<unknown>): RowWriter<readonly Item[]> {
  return createRowWriter<readonly Item[]>({
    ...LIMITS,
    rowsOf: (items) => items.length,
    insert: (batches) => insert(batches.flat()),
  });
}
