import type { Migration } from "./migrate.ts";

// Rows from before have the defaults, which mean that nothing is known; how long a session took, its times always told.
const OF_SESSIONS = [
  "cost_usd Nullable(Float64)",
  "unpriced_models Array(LowCardinality(String))",
  "duration_ms Float64 DEFAULT greatest(0, ended_at - started_at)",
  "slowest_turn_ms Nullable(Float64)",
  "first_response_ms Nullable(Float64)",
  "slowest_first_byte_ms Nullable(Float64)",
  "first_token_ms Nullable(Float64)",
  "steps UInt32",
  "tool_calls Map(String, Tuple(calls UInt32, failed UInt32, invalid_arguments UInt32))",
  "retries UInt32",
  "loops UInt32",
  "argument_shapes Array(LowCardinality(String))",
  "outcome LowCardinality(Nullable(String))",
  "intent LowCardinality(Nullable(String))",
  "evaluators Map(String, String)",
];
const OF_TURNS = ["intent LowCardinality(Nullable(String))", "task_state LowCardinality(Nullable(String))"];
const OF_SPANS = ["tool_invalid_under Array(LowCardinality(String))"];

export const measureSessions: Migration = {
  version: 7,
  name: "measure-sessions",
  statements: [
    ...added("perch.matured_sessions", OF_SESSIONS),
    ...added("perch.turns", OF_TURNS),
    ...added("perch.spans", OF_SPANS),
  ],
};

function added(table: string, columns: readonly string[]): readonly string[] {
  return columns.map((column) => `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${column}`);
}
