import type { Migration } from "./migrate.ts";

// Append-only tables; the same row sent twice is merged away by its sorting key, and every read removes repeats that are
// not merged yet. Times are epoch milliseconds with fractions. Evidence is looked up by a few random keys at a time, so
// granules are small: with the usual 8192 rows most of what is read would be thrown away.
export const createTables: Migration = {
  version: 1,
  name: "create-tables",
  statements: [
    `CREATE TABLE IF NOT EXISTS perch.spans (
      trace_id String,
      span_id String,
      parent_span_id Nullable(String),
      kind LowCardinality(String),
      name LowCardinality(String),
      started_at Float64,
      duration_ms Float64,
      is_error Bool,
      error_message Nullable(String),
      session Nullable(String),
      release LowCardinality(Nullable(String)),
      arm LowCardinality(Nullable(String)),
      rollout LowCardinality(Nullable(String)),
      service_version LowCardinality(Nullable(String)),
      model LowCardinality(Nullable(String)),
      input_tokens UInt64,
      output_tokens UInt64,
      tool_name LowCardinality(Nullable(String)),
      tool_call_id Nullable(String),
      tool_arguments_digest Nullable(String),
      user_sentiment Nullable(Float64)
    ) ENGINE = ReplacingMergeTree ORDER BY (trace_id, span_id) SETTINGS index_granularity = 512`,
    // Assignments are numbered by arrival, everything else is 0. Sent twice, an assignment keeps its smaller number.
    `CREATE TABLE IF NOT EXISTS perch.turns (
      id String,
      kind LowCardinality(String),
      gateway LowCardinality(String),
      agent LowCardinality(String),
      session String,
      release LowCardinality(String),
      arm LowCardinality(String),
      rollout LowCardinality(Nullable(String)),
      step Nullable(UInt32),
      trace_id String,
      started_at Float64,
      duration_ms Float64,
      first_byte_ms Nullable(Float64),
      status Int32,
      fault LowCardinality(Nullable(String)),
      request_bytes UInt64,
      response_bytes UInt64,
      ends_session Bool,
      is_synthetic Bool,
      arrival UInt64,
      precedence UInt64 MATERIALIZED 18446744073709551615 - arrival
    ) ENGINE = ReplacingMergeTree(precedence) ORDER BY (session, id) SETTINGS index_granularity = 512`,
    `CREATE TABLE IF NOT EXISTS perch.scores (
      id String,
      session String,
      name LowCardinality(String),
      value Float64,
      label Nullable(String),
      at Float64
    ) ENGINE = ReplacingMergeTree ORDER BY (session, id) SETTINGS index_granularity = 512`,
    // Of two rows of a session the one with the smaller sequence stays: the first that was written.
    `CREATE TABLE IF NOT EXISTS perch.sessions (
      sequence UInt64,
      session String,
      agent LowCardinality(String),
      release LowCardinality(String),
      arm LowCardinality(String),
      rollout LowCardinality(Nullable(String)),
      step Nullable(UInt32),
      started_at Float64,
      ended_at Float64,
      matured_at Float64,
      ended_by LowCardinality(String),
      turns UInt32,
      failed_turns UInt32,
      tool_sequence Array(LowCardinality(String)),
      failed_tool_calls UInt32,
      is_escalated Bool,
      input_tokens UInt64,
      output_tokens UInt64,
      mean_sentiment Nullable(Float64),
      scores Map(String, Float64),
      releases_seen Array(LowCardinality(String)),
      is_synthetic Bool,
      precedence UInt64 MATERIALIZED 18446744073709551615 - sequence
    ) ENGINE = ReplacingMergeTree(precedence) ORDER BY session`,
  ],
};
