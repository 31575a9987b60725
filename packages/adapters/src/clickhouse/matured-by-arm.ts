import type { RolloutId } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({
  arm: z.enum(["baseline", "canary"]),
  matured: z.coerce.number(),
  escalated: z.coerce.number(),
  mean_turns: z.number().nullable(),
  mean_sentiment_of_sessions: z.number().nullable(),
  mean_tool_calls: z.number().nullable(),
});
export type MaturedByArm = z.infer<typeof row>;

/** Counts and means of each arm's matured sessions. */
export function maturedByArm(client: ClickHouseClient, rollout: RolloutId): Promise<MaturedByArm[]> {
  const query = `
    SELECT arm,
      count() AS matured,
      countIf(is_escalated) AS escalated,
      avg(outcomes.turns) AS mean_turns,
      avg(mean_sentiment) AS mean_sentiment_of_sessions,
      avg(length(tool_sequence)) AS mean_tool_calls
    FROM outcomes FINAL
    WHERE rollout = {rollout:String}
    GROUP BY arm`;
  return readRows(client, { query, parameters: { rollout } }, row);
}
