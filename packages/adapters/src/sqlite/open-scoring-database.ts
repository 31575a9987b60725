import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./open-database.ts";

const MIGRATIONS = [
  `CREATE TABLE words (
     trace TEXT NOT NULL,
     span TEXT NOT NULL,
     started_at REAL NOT NULL,
     ended_at REAL NOT NULL,
     user_words TEXT,
     answer_words TEXT,
     kept_at REAL NOT NULL,
     PRIMARY KEY (trace, span)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX words_by_age ON words (kept_at);

   CREATE TABLE appraisal (
     id TEXT PRIMARY KEY,
     agent TEXT NOT NULL,
     session TEXT NOT NULL,
     scorer TEXT NOT NULL,
     version TEXT NOT NULL,
     due_at REAL NOT NULL,
     attempts INTEGER NOT NULL,
     next_at REAL NOT NULL,
     state TEXT NOT NULL,
     outcome TEXT,
     scores TEXT,
     changed_at REAL NOT NULL
   ) STRICT;
   CREATE INDEX appraisal_by_state ON appraisal (state, due_at);

   CREATE TABLE call (
     number INTEGER PRIMARY KEY,
     appraisal TEXT NOT NULL,
     scorer TEXT NOT NULL,
     at REAL NOT NULL,
     usd REAL NOT NULL
   ) STRICT;
   CREATE INDEX call_by_scorer ON call (scorer, at);`,
];

/** Appraisals on their way in one file of the server's. What is deleted from it is overwritten, since it holds words. */
export function openScoringDatabase(file: string): DatabaseSync {
  const database = openDatabase({ file, synchronous: "normal", migrations: MIGRATIONS });
  database.exec("PRAGMA secure_delete = ON");
  return database;
}
