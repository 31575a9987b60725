import type { Migration } from "./migrate.ts";

const TABLES = ["spans", "turns", "moves", "shadow_turns", "scores", "sessions"];

// How long a row is kept counts from when it came in, by the database's clock: what senders say of the time may be wrong by
// years, or synthetic. Rows from before have the moment of this upgrade.
export const receivedAt: Migration = {
  version: 9,
  name: "received-at",
  statements: [
    ...TABLES.flatMap((table) => [
      `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS received_at DateTime DEFAULT now()`,
      `ALTER TABLE ${table} MATERIALIZE COLUMN received_at SETTINGS mutations_sync = 1`,
    ]),
    // The migration before this one has copied it.
    "DROP TABLE IF EXISTS matured_sessions",
  ],
};
