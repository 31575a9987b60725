import type { Migration } from "./migrate.ts";
import { VIEWS, type View } from "./migration-0008-views.ts";

// What gates and pages ask is kept in the order in which they ask, so that no question reads the history behind it. Views
// fill these tables as rows arrive. A row may arrive twice, so whatever is summed up can be summed up again: smallest, largest,
// sets of ids, never sums. Where a summary is filled from two sides, columns of the other side are null or empty.
/** The sequence of a session that has not matured, the release of one that never had any. */
const NEVER = "18446744073709551615";

const TABLES = [
  // Matured sessions in the order in which they matured: what is asked for is nearly always the newest of something. With
  // every column that they have by now.
  `CREATE TABLE IF NOT EXISTS sessions AS matured_sessions ENGINE = ReplacingMergeTree ORDER BY sequence
    SETTINGS index_granularity = 512`,
  "ALTER TABLE sessions ADD INDEX IF NOT EXISTS by_agent agent TYPE set(16) GRANULARITY 1",
  // One row a session, whatever its rollout; looked up by a few random keys at a time, so what that takes has a fixed width:
  // names are read only of those that were found. A session with two releases has a smaller and a larger one.
  `CREATE TABLE IF NOT EXISTS session_states (
    key UInt64,
    agent SimpleAggregateFunction(any, LowCardinality(String)),
    session SimpleAggregateFunction(any, String),
    began_at SimpleAggregateFunction(min, Float64) DEFAULT inf,
    active_at SimpleAggregateFunction(max, Float64) DEFAULT -inf,
    turn_at SimpleAggregateFunction(max, Float64) DEFAULT -inf,
    has_begun SimpleAggregateFunction(max, UInt8),
    is_over SimpleAggregateFunction(max, UInt8),
    matured_as SimpleAggregateFunction(min, UInt64) DEFAULT ${NEVER},
    least_release SimpleAggregateFunction(min, UInt64) DEFAULT ${NEVER},
    most_release SimpleAggregateFunction(max, UInt64) DEFAULT 0,
    releases SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)),
    placement AggregateFunction(argMin, Tuple(String, Nullable(String), Nullable(UInt32)), Float64),
    at_release AggregateFunction(argMax, String, Float64),
    turn_ids SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)),
    kept_at SimpleAggregateFunction(max, DateTime) DEFAULT now()
  ) ENGINE = AggregatingMergeTree ORDER BY key SETTINGS index_granularity = 256, min_compress_block_size = 4096`,
  // The sessions of a step in the order of assignment.
  `CREATE TABLE IF NOT EXISTS assignments (
    rollout LowCardinality(String),
    step UInt32,
    arrival UInt64,
    key UInt64,
    session String,
    arm LowCardinality(String),
    started_at Float64,
    kept_at DateTime DEFAULT now()
  ) ENGINE = ReplacingMergeTree ORDER BY (rollout, step, arrival) SETTINGS index_granularity = 512`,
  // What a session had under a rollout; the arm is that of its first turn there.
  `CREATE TABLE IF NOT EXISTS rollout_sessions (
    rollout LowCardinality(String),
    key UInt64,
    began_at SimpleAggregateFunction(min, Nullable(Float64)),
    arm AggregateFunction(argMinIf, String, Float64, UInt8),
    turn_ids SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)),
    kept_at SimpleAggregateFunction(max, DateTime) DEFAULT now()
  ) ENGINE = AggregatingMergeTree ORDER BY (rollout, key) SETTINGS index_granularity = 512`,
  // How the sessions of a rollout came out. Of two rows of a session the first that was written stays.
  `CREATE TABLE IF NOT EXISTS outcomes (
    rollout LowCardinality(String),
    key UInt64,
    arm LowCardinality(String),
    sequence UInt64,
    turns UInt32,
    is_escalated Bool,
    mean_sentiment Nullable(Float64),
    tool_sequence Array(LowCardinality(String)),
    precedence UInt64,
    kept_at DateTime DEFAULT now()
  ) ENGINE = ReplacingMergeTree(precedence) ORDER BY (rollout, key) SETTINGS index_granularity = 512`,
  // Turn records in the order of time: what happened since.
  `CREATE TABLE IF NOT EXISTS turn_times (
    agent LowCardinality(String),
    ended_at Float64,
    id String,
    kind LowCardinality(String),
    session String,
    release LowCardinality(String),
    arm LowCardinality(String),
    started_at Float64,
    duration_ms Float64,
    first_byte_ms Nullable(Float64),
    received_at DateTime DEFAULT now()
  ) ENGINE = ReplacingMergeTree ORDER BY (agent, ended_at, id) SETTINGS index_granularity = 512`,
  `CREATE TABLE IF NOT EXISTS release_activity (
    agent LowCardinality(String),
    release String,
    turn_at SimpleAggregateFunction(max, Float64)
  ) ENGINE = AggregatingMergeTree ORDER BY (agent, release)`,
];

export const summaries: Migration = {
  version: 8,
  name: "summaries",
  statements: [
    ...TABLES,
    ...VIEWS.map(
      (view) =>
        `CREATE MATERIALIZED VIEW IF NOT EXISTS ${view.to}_of_${view.from} TO ${view.to} AS ${selectOf(view, view.from)}`,
    ),
    // The views of this table are there by now, and take what was kept before as they take everything after.
    "INSERT INTO sessions SELECT * FROM matured_sessions FINAL",
    ...VIEWS.filter(({ from }) => from === "turns").map(
      (view) => `INSERT INTO ${view.to} (${Object.keys(view.columns).join(", ")}) ${selectOf(view, "turns FINAL")}`,
    ),
  ],
};

function selectOf({ columns, rest }: View, source: string): string {
  const selected = Object.entries(columns).map(([name, expression]) => `${expression} AS ${name}`);
  return `SELECT ${selected.join(", ")} FROM ${source} ${rest}`;
}
