import type { DatabaseSync } from "node:sqlite";
import { openDatabase, openToRead } from "./open-database.ts";

const MIGRATIONS = [
  `CREATE TABLE ledger (
     sequence INTEGER PRIMARY KEY,
     at REAL NOT NULL,
     subject TEXT NOT NULL,
     type TEXT NOT NULL,
     body TEXT NOT NULL,
     previous_hash TEXT NOT NULL,
     hash TEXT NOT NULL UNIQUE
   ) STRICT;
   CREATE INDEX ledger_of_subject ON ledger (subject, sequence);
   CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
   BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
   CREATE TRIGGER ledger_is_never_shortened BEFORE DELETE ON ledger
   BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

   CREATE TABLE leadership (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), epoch INTEGER NOT NULL) STRICT;
   CREATE TABLE known_gateway (gateway TEXT PRIMARY KEY, lease_ms REAL NOT NULL) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE tool_transaction (
     agent TEXT NOT NULL,
     tool TEXT NOT NULL,
     id TEXT NOT NULL,
     session TEXT,
     release TEXT,
     opened_at REAL,
     closed_at REAL,
     PRIMARY KEY (agent, tool, id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX open_tool_transaction ON tool_transaction (agent, release, opened_at, tool, id) WHERE closed_at IS NULL;
   CREATE INDEX closed_tool_transaction ON tool_transaction (closed_at) WHERE closed_at IS NOT NULL;`,
];

/** The ledger and the server's own state in one file. What is committed survives a power cut. Throws `SqliteError`. */
export function openServerDatabase(file: string): DatabaseSync {
  return openDatabase({ file, synchronous: "full", migrations: MIGRATIONS });
}

/** For whoever only looks, also while a server works on it. Throws `SqliteError`, also where there is none. */
export function readServerDatabase(file: string): DatabaseSync {
  return openToRead({ file, newest: MIGRATIONS.length });
}
