import type { Migration } from "./migrate.ts";

const NAMED = "FROM spans WHERE notEmpty(session) AND ifNull(arm, '') != 'shadow' GROUP BY session, trace_id";

// Which traces name a session by themselves: an agent may begin traces that no turn record knows. Spans are kept by trace, and
// would have to be gone through whole.
export const sessionTraces: Migration = {
  version: 18,
  name: "session-traces",
  statements: [
    `CREATE TABLE IF NOT EXISTS session_traces (
      session String,
      trace_id String,
      received_at SimpleAggregateFunction(max, DateTime) DEFAULT now()
    ) ENGINE = AggregatingMergeTree ORDER BY (session, trace_id) SETTINGS index_granularity = 512`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS session_traces_of_spans TO session_traces AS
      SELECT assumeNotNull(spans.session) AS session, spans.trace_id AS trace_id ${NAMED}`,
    `INSERT INTO session_traces (session, trace_id)
      SELECT assumeNotNull(spans.session) AS session, spans.trace_id AS trace_id ${NAMED}`,
  ],
};
