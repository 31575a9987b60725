import type { Migration } from "./migrate.ts";

// A session is known by its agent and its id. A table's sorting key cannot be changed, so matured sessions move to a new
// table; the old one is dropped by the migration after this one, because a statement may run twice.
export const sessionsByAgent: Migration = {
  version: 3,
  name: "sessions-by-agent",
  statements: [
    `CREATE TABLE IF NOT EXISTS perch.matured_sessions (
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
    ) ENGINE = ReplacingMergeTree(precedence) ORDER BY (session, agent)`,
    `INSERT INTO perch.matured_sessions (sequence, session, agent, release, arm, rollout, step, started_at, ended_at,
      matured_at, ended_by, turns, failed_turns, tool_sequence, failed_tool_calls, is_escalated, input_tokens,
      output_tokens, mean_sentiment, scores, releases_seen, is_synthetic)
    SELECT sequence, session, agent, release, arm, rollout, step, started_at, ended_at,
      matured_at, ended_by, turns, failed_turns, tool_sequence, failed_tool_calls, is_escalated, input_tokens,
      output_tokens, mean_sentiment, scores, releases_seen, is_synthetic
    FROM perch.sessions FINAL`,
    // Empty: whoever scored did not say.
    "ALTER TABLE perch.scores ADD COLUMN IF NOT EXISTS agent LowCardinality(String) DEFAULT '' AFTER id",
  ],
};
