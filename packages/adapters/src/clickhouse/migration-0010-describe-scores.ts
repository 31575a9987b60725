import type { Migration } from "./migrate.ts";

// Who gave a score, and which posts of scores were taken under a key. A key is forgotten after a week: whoever sends again
// does so within minutes.
export const describeScores: Migration = {
  version: 10,
  name: "describe-scores",
  statements: [
    "ALTER TABLE scores ADD COLUMN IF NOT EXISTS evaluator LowCardinality(Nullable(String))",
    "ALTER TABLE scores ADD COLUMN IF NOT EXISTS evaluator_version LowCardinality(Nullable(String))",
    "ALTER TABLE scores ADD COLUMN IF NOT EXISTS comment_digest Nullable(String)",
    `CREATE TABLE IF NOT EXISTS score_batches (
      sender String,
      key String,
      fingerprint String,
      received_at Float64,
      written_at DateTime DEFAULT now()
    ) ENGINE = MergeTree ORDER BY (sender, key) TTL written_at + INTERVAL 7 DAY SETTINGS index_granularity = 512`,
  ],
};
