import {
  parseAgentName,
  parseSessionId,
  type Digest,
  type RolloutId,
  type SessionId,
  type SessionKey,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

const row = z.object({
  agent: z.string().transform(parseAgentName),
  session: z.string().transform(parseSessionId),
});

/** As `WriteCallSource.sessionsCalling`. */
export function sessionsCalling(
  client: ClickHouseClient,
  parameters: {
    readonly rollout: RolloutId;
    readonly canary: Digest;
    readonly tools: readonly string[];
    readonly after: SessionId | null;
    readonly limit: number;
  },
): Promise<SessionKey[]> {
  const exposed = "FROM turns WHERE rollout = {rollout:String} AND arm = 'canary'";
  const named = `FROM session_traces WHERE session IN (SELECT session ${exposed})`;
  const calling = "kind = 'tool' AND tool_name IN {tools:Array(String)} AND trace_id IN";
  const query = `
    SELECT DISTINCT agent, session FROM turns
    WHERE rollout = {rollout:String} AND arm = 'canary' AND release = {canary:String} AND kind = 'turn'
      AND session > coalesce({after:Nullable(String)}, '')
      AND (
        trace_id IN (SELECT trace_id FROM spans WHERE ${calling} (SELECT trace_id ${exposed}))
        OR session IN (
          SELECT session ${named}
            AND trace_id IN (SELECT trace_id FROM spans WHERE ${calling} (SELECT trace_id ${named}))
        )
      )
    ORDER BY session, agent
    LIMIT {limit:UInt32}`;
  return readRows(client, { query, parameters }, row);
}
