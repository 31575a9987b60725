import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { chainEntry, LedgerError, type Ledger, type LedgerEntry } from "@perch/domain";
import { inTransaction } from "./open-database.ts";

type Row = Record<string, SQLOutputValue>;

/** A ledger in a database of `openServerDatabase`, which `close` closes. */
export function createSqliteLedger(database: DatabaseSync): Ledger {
  const lastOfSubject = database.prepare("SELECT max(sequence) AS sequence FROM ledger WHERE subject = ?");
  const lastOfAll = database.prepare("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1");
  const insert = database.prepare(
    "INSERT INTO ledger (sequence, at, subject, type, body, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const ofSubject = database.prepare("SELECT * FROM ledger WHERE subject = ? ORDER BY sequence");
  const after = database.prepare("SELECT * FROM ledger WHERE sequence > ? ORDER BY sequence");
  return {
    async append(entry, expected) {
      return inTransaction(database, () => {
        const last = Number(lastOfSubject.get(entry.subject)?.["sequence"] ?? 0);
        if (last !== expected) throw conflict(entry.subject, last, expected);
        const head = lastOfAll.get();
        const chained = chainEntry(
          head === undefined ? null : { sequence: Number(head["sequence"]), hash: String(head["hash"]) },
          entry,
        );
        const { sequence, at, subject, type, body, previousHash, hash } = chained;
        insert.run(sequence, at, subject, type, JSON.stringify(body), previousHash, hash);
        return chained;
      });
    },
    async read(subject) {
      return ofSubject.all(subject).map(parseEntry);
    },
    async readAll(afterSequence) {
      return after.all(afterSequence).map(parseEntry);
    },
    async close() {
      database.close();
    },
  };
}

function conflict(subject: string, last: number, expected: number): LedgerError {
  return new LedgerError({
    code: "conflict",
    message: `the last entry about ${subject} is ${last}, expected ${expected}`,
    hint: "read the subject again and decide anew",
  });
}

function parseEntry(row: Row): LedgerEntry {
  return {
    sequence: Number(row["sequence"]),
    at: Number(row["at"]),
    subject: String(row["subject"]),
    type: String(row["type"]),
    body: JSON.parse(String(row["body"])) as LedgerEntry["body"],
    previousHash: String(row["previous_hash"]),
    hash: String(row["hash"]),
  };
}
