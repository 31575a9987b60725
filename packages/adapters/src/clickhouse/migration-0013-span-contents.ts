import type { Migration } from "./migrate.ts";

// Apart from spans: it is large, only some keep it, and nothing that counts or judges ever reads it.
export const spanContents: Migration = {
  version: 13,
  name: "span-contents",
  statements: [
    `CREATE TABLE IF NOT EXISTS span_contents (
      trace_id String,
      span_id String,
      started_at Float64,
      input Nullable(String) CODEC(ZSTD(3)),
      output Nullable(String) CODEC(ZSTD(3)),
      is_cut Bool,
      received_at DateTime DEFAULT now()
    ) ENGINE = ReplacingMergeTree ORDER BY (trace_id, span_id)
    SETTINGS index_granularity = 512`,
  ],
};
