import type { DatabaseSync } from "node:sqlite";
import { chainEntry, conflictOf, deposedBy, type Ledger } from "@perch/domain";
import { parseLedgerRow } from "../ledger-row/parse-ledger-row.ts";
import { inTransaction } from "./open-database.ts";

/** A ledger in a database of `openServerDatabase`, which `close` closes. */
export function createSqliteLedger(database: DatabaseSync): Ledger {
  const newestEpoch = database.prepare("SELECT epoch FROM leadership");
  const lastOfSubject = database.prepare("SELECT max(sequence) AS sequence FROM ledger WHERE subject = ?");
  const lastOfAll = database.prepare("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1");
  const insert = database.prepare(
    "INSERT INTO ledger (sequence, at, subject, type, body, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const ofSubject = database.prepare("SELECT * FROM ledger WHERE subject = ? ORDER BY sequence");
  const after = database.prepare("SELECT * FROM ledger WHERE sequence > ? ORDER BY sequence LIMIT ?");
  return {
    async append(entry, expected, epoch) {
      return inTransaction(database, () => {
        const newest = Number(newestEpoch.get()?.["epoch"] ?? 0);
        if (newest !== epoch) throw deposedBy(newest, epoch);
        const last = Number(lastOfSubject.get(entry.subject)?.["sequence"] ?? 0);
        if (last !== expected) throw conflictOf(entry.subject, last, expected);
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
      return ofSubject.all(subject).map(parseLedgerRow);
    },
    async readAll(afterSequence, limit = -1) {
      return after.all(afterSequence, limit).map(parseLedgerRow);
    },
    async close() {
      database.close();
    },
  };
}
