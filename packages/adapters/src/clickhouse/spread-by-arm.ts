import { SPREAD_MEASURES, type RolloutId, type Spread, type SpreadMeasure } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z
  .object({
    arm: z.enum(["baseline", "canary"]),
    measure: z.enum(SPREAD_MEASURES),
    sessions: z.coerce.number(),
    percentiles: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  })
  .transform(({ percentiles: [p50, p90, p95, p99], ...found }): Spread => ({ ...found, p50, p90, p95, p99 }));

const COLUMNS: Readonly<Record<SpreadMeasure, string>> = {
  durationMs: "duration_ms",
  slowestTurnMs: "slowest_turn_ms",
  firstResponseMs: "first_response_ms",
  costUsd: "cost_usd",
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  steps: "steps",
  toolCalls: "length(tool_sequence)",
  turns: "turns",
};
const VALUES = SPREAD_MEASURES.map((measure) => `('${measure}', CAST(${COLUMNS[measure]} AS Nullable(Float64)))`);

/** Percentiles of each arm's matured sessions. */
export function spreadByArm(client: ClickHouseClient, rollout: RolloutId): Promise<Spread[]> {
  const query = `
    SELECT arm, value.1 AS measure, count() AS sessions,
      quantilesExactInclusive(0.5, 0.9, 0.95, 0.99)(assumeNotNull(value.2)) AS percentiles
    FROM (
      SELECT arm, arrayJoin([${VALUES.join(", ")}]) AS value
      FROM sessions FINAL
      WHERE sequence IN (SELECT sequence FROM outcomes FINAL WHERE rollout = {rollout:String})
    )
    WHERE value.2 IS NOT NULL
    GROUP BY arm, measure
    ORDER BY arm, measure`;
  return readRows(client, { query, parameters: { rollout } }, row);
}
