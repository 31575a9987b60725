import type { Migration } from "./migrate.ts";

// A session is moved once or twice in its life, and looked up by its name as its turns are.
export const createMoves: Migration = {
  version: 2,
  name: "moves",
  statements: [
    `CREATE TABLE IF NOT EXISTS perch.moves (
      id String,
      gateway LowCardinality(String),
      agent LowCardinality(String),
      session String,
      from_release LowCardinality(String),
      to_release LowCardinality(String),
      move LowCardinality(String),
      mode LowCardinality(String),
      boundary LowCardinality(String),
      rollout LowCardinality(Nullable(String)),
      at Float64,
      times UInt32
    ) ENGINE = ReplacingMergeTree ORDER BY (session, id) SETTINGS index_granularity = 512`,
  ],
};
