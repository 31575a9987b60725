import type { Migration } from "./migrate.ts";

// What a dialect says beyond name, time and tokens. Rows from before have the defaults, which mean that nothing is known.
const COLUMNS = [
  "dialect LowCardinality(Nullable(String))",
  "error_type LowCardinality(Nullable(String))",
  "provider LowCardinality(Nullable(String))",
  "agent LowCardinality(Nullable(String))",
  "finish_reason LowCardinality(Nullable(String))",
  "first_token_ms Nullable(Float64)",
  "cached_input_tokens UInt64",
  "cache_write_input_tokens UInt64",
  "reasoning_tokens UInt64",
  "tool_argument_shape LowCardinality(Nullable(String))",
  "tool_result_digest Nullable(String)",
];

export const describeSpans: Migration = {
  version: 6,
  name: "describe-spans",
  statements: COLUMNS.map((column) => `ALTER TABLE perch.spans ADD COLUMN IF NOT EXISTS ${column}`),
};
