import type { DatabaseSync } from "node:sqlite";
import type { AppraisalStore } from "@perch/domain";
import { parseAppraisal, parseKept, parseState, parseWords } from "./appraisal-row.ts";
import { inTransaction } from "./open-database.ts";

const KEEP_WORDS = `INSERT OR REPLACE INTO words (trace, span, started_at, ended_at, user_words, answer_words, kept_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const ADD = `
  INSERT INTO appraisal (id, agent, session, scorer, version, due_at, attempts, next_at, state, changed_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?) ON CONFLICT (id) DO NOTHING`;
const BEGIN = "UPDATE appraisal SET attempts = attempts + 1, next_at = ? WHERE id = ?";
const CALL = "INSERT INTO call (appraisal, scorer, at, usd) SELECT id, scorer, ?, ? FROM appraisal WHERE id = ?";
const CORRECT = "UPDATE call SET usd = ? WHERE number = (SELECT max(number) FROM call WHERE appraisal = ?)";
const ANSWER = "UPDATE appraisal SET state = 'answered', scores = ?, changed_at = ? WHERE id = ? AND state = 'waiting'";
const SETTLE = "UPDATE appraisal SET state = 'settled', outcome = ?, scores = NULL, changed_at = ? WHERE id = ?";
const SPENT = "SELECT count(*) AS calls, coalesce(sum(usd), 0) AS usd FROM call WHERE scorer = ? AND at >= ?";
const OUTCOMES = `SELECT scorer, coalesce(outcome, 'waiting') AS outcome, count(*) AS count FROM appraisal GROUP BY 1, 2`;

/** In a database of `openScoringDatabase`, which it closes. */
export function createSqliteAppraisalStore(database: DatabaseSync): AppraisalStore {
  return {
    ...wordsIn(database),
    ...appraisalsIn(database),
    forgetBefore({ words, calls, appraisals }) {
      inTransaction(database, () => {
        database.prepare("DELETE FROM words WHERE kept_at < ?").run(words);
        database.prepare("DELETE FROM call WHERE at < ?").run(calls);
        database.prepare("DELETE FROM appraisal WHERE state = 'settled' AND changed_at < ?").run(appraisals);
      });
    },
    close: () => database.close(),
  };
}

function wordsIn(database: DatabaseSync): Pick<AppraisalStore, "keepWords" | "wordsOf" | "forgetWords"> {
  const keep = database.prepare(KEEP_WORDS);
  const find = database.prepare(
    "SELECT * FROM words WHERE trace IN (SELECT value FROM json_each(?)) ORDER BY trace, span",
  );
  const forget = database.prepare("DELETE FROM words WHERE trace IN (SELECT value FROM json_each(?))");
  return {
    keepWords(words, at) {
      inTransaction(database, () => {
        for (const one of words) {
          keep.run(one.traceId, one.spanId, one.startedAt, one.endedAt, one.user, one.answer, at);
        }
      });
    },
    wordsOf: (traceIds) => find.all(JSON.stringify(traceIds)).map(parseWords),
    forgetWords: (traceIds) => void forget.run(JSON.stringify(traceIds)),
  };
}

function appraisalsIn(
  database: DatabaseSync,
): Omit<AppraisalStore, "keepWords" | "wordsOf" | "forgetWords" | "forgetBefore" | "close"> {
  const add = database.prepare(ADD);
  const state = database.prepare("SELECT state FROM appraisal WHERE id = ?");
  const waiting = database.prepare("SELECT * FROM appraisal WHERE state = 'waiting' ORDER BY due_at, id");
  const answered = database.prepare("SELECT * FROM appraisal WHERE state = 'answered' ORDER BY due_at, id");
  const [begin, call] = [database.prepare(BEGIN), database.prepare(CALL)];
  const correct = database.prepare(CORRECT);
  const postpone = database.prepare("UPDATE appraisal SET next_at = ? WHERE id = ?");
  const [answer, settle] = [database.prepare(ANSWER), database.prepare(SETTLE)];
  const [spent, outcomes] = [database.prepare(SPENT), database.prepare(OUTCOMES)];
  return {
    add({ id, agent, session, scorer, version, dueAt, attempts, nextAt }) {
      add.run(id, agent, session, scorer, version, dueAt, attempts, nextAt, dueAt);
    },
    stateOf(id) {
      const row = state.get(id);
      return row === undefined ? null : parseState(row["state"]);
    },
    waiting: () => waiting.all().map(parseAppraisal),
    beginAttempt(id, { at, nextAt, usd }) {
      inTransaction(database, () => {
        begin.run(nextAt, id);
        call.run(at, usd, id);
      });
    },
    correctCost: (id, usd) => void correct.run(usd, id),
    postpone: (id, nextAt) => void postpone.run(nextAt, id),
    answer: (id, scores, at) => void answer.run(JSON.stringify(scores), at, id),
    answered: () => answered.all().map(parseKept),
    settle: (id, outcome, at) => void settle.run(outcome, at, id),
    spent(scorer, since) {
      const row = spent.get(scorer, since);
      return { calls: Number(row?.["calls"] ?? 0), usd: Number(row?.["usd"] ?? 0) };
    },
    outcomes() {
      const byScorer = Map.groupBy(outcomes.all(), (row) => String(row["scorer"]));
      return new Map(
        [...byScorer].map(([scorer, rows]) => [
          scorer,
          Object.fromEntries(rows.map((row) => [String(row["outcome"]), Number(row["count"])])),
        ]),
      );
    },
  };
}
