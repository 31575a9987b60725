import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./open-database.ts";

const MIGRATIONS = [
  `CREATE TABLE pin (
     agent TEXT NOT NULL,
     session TEXT NOT NULL,
     release TEXT NOT NULL,
     arm TEXT NOT NULL,
     rollout TEXT,
     step INTEGER,
     weight_bp INTEGER,
     bucket INTEGER,
     seed TEXT,
     epoch INTEGER NOT NULL,
     sequence INTEGER NOT NULL,
     gateway TEXT NOT NULL,
     assigned_at REAL NOT NULL,
     expires_at REAL NOT NULL,
     PRIMARY KEY (agent, session)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX pin_of_release ON pin (agent, release, expires_at);
   CREATE INDEX pin_by_expiry ON pin (expires_at);

   CREATE TABLE turn_outbox (
     position INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     gateway TEXT NOT NULL,
     appended_at REAL NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE turn_buried (
     id TEXT PRIMARY KEY,
     gateway TEXT NOT NULL,
     buried_at REAL NOT NULL,
     reason TEXT NOT NULL,
     body TEXT NOT NULL
   ) STRICT;`,
  // The records of one commit are one row; `position` is never used again, so that a batch settled late settles no other.
  `CREATE TABLE turn_batch (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     gateway TEXT NOT NULL,
     appended_at REAL NOT NULL,
     records INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   INSERT INTO turn_batch (gateway, appended_at, records, body)
     SELECT gateway, appended_at, 1, json_array(json(body)) FROM turn_outbox ORDER BY position;
   DROP TABLE turn_outbox;`,
  `ALTER TABLE pin ADD COLUMN override TEXT;

   CREATE TABLE alias (
     agent TEXT NOT NULL,
     alias TEXT NOT NULL,
     session TEXT NOT NULL,
     expires_at REAL NOT NULL,
     PRIMARY KEY (agent, alias)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX alias_by_expiry ON alias (expires_at);`,
  "ALTER TABLE pin ADD COLUMN targeting TEXT;",
  `ALTER TABLE pin ADD COLUMN moved TEXT;
   ALTER TABLE pin ADD COLUMN turn_ended_at REAL;

   CREATE TABLE turn_mark (
     agent TEXT NOT NULL,
     session TEXT NOT NULL,
     turn TEXT NOT NULL,
     expires_at REAL NOT NULL,
     PRIMARY KEY (agent, session, turn)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX turn_mark_by_expiry ON turn_mark (expires_at);`,
  `CREATE TABLE store_identity (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL) STRICT;
   INSERT INTO store_identity (only_row, id) VALUES (1, lower(hex(randomblob(16))));`,
  "ALTER TABLE pin ADD COLUMN shadow TEXT;",
];

/** 64 MB: only a log that the checkpointer does not get to is written by the commit that fills it. */
const LOG_PAGES = 16_384;

/** Pins and the turn outbox in one file, which the gateway processes of a machine share. Throws `SqliteError`. */
export function openGatewayDatabase(file: string): DatabaseSync {
  const database = openDatabase({ file, synchronous: "normal", migrations: MIGRATIONS });
  database.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  return database;
}
