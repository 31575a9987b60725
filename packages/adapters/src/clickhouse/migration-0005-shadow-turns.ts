import type { Migration } from "./migrate.ts";

/** A table of their own: no query over turns or sessions can take what was mirrored for what a user had. */
export const shadowTurns: Migration = {
  version: 5,
  name: "shadow-turns",
  statements: [
    `CREATE TABLE IF NOT EXISTS perch.shadow_turns (
      id String,
      gateway LowCardinality(String),
      agent LowCardinality(String),
      session String,
      release LowCardinality(String),
      rollout LowCardinality(String),
      assigned_at Float64,
      trace_id String,
      paired_trace_id String,
      paired_started_at Float64,
      started_at Float64,
      duration_ms Float64,
      first_byte_ms Nullable(Float64),
      status Int32,
      outcome LowCardinality(String),
      reason LowCardinality(Nullable(String)),
      request_bytes UInt64,
      response_bytes UInt64
    ) ENGINE = ReplacingMergeTree ORDER BY (rollout, session, id) SETTINGS index_granularity = 512`,
  ],
};
