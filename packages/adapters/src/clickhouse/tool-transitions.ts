import type { RolloutId, ToolTransition } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const tool = z.string().transform((name) => (name === "" ? null : name));
const row = z
  .object({
    arm: z.enum(["baseline", "canary"]),
    from_tool: tool,
    to_tool: tool,
    times: z.coerce.number(),
    sessions: z.coerce.number(),
  })
  .transform(({ from_tool: from, to_tool: to, ...found }): ToolTransition => ({ ...found, from, to }));

/** Which tool follows which in each arm's matured sessions. An empty name is a session's beginning or end. */
export function toolTransitions(
  client: ClickHouseClient,
  parameters: { rollout: RolloutId; limit: number },
): Promise<ToolTransition[]> {
  const query = `
    SELECT arm, pair.1 AS from_tool, pair.2 AS to_tool, count() AS times, uniqExact(key) AS sessions
    FROM (
      SELECT arm, key,
        arrayMap(name -> toString(name), tool_sequence) AS tools,
        arrayJoin(arrayZip(arrayConcat([''], tools), arrayConcat(tools, ['']))) AS pair
      FROM outcomes FINAL
      WHERE rollout = {rollout:String}
    )
    GROUP BY arm, from_tool, to_tool
    ORDER BY times DESC, arm, from_tool, to_tool
    LIMIT {limit:UInt32} BY arm`;
  return readRows(client, { query, parameters }, row);
}
