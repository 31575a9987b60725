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

/** Canary sessions of a rollout that called one of some tools while the canary release answered them. */
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
  const query = `
    SELECT DISTINCT agent, session FROM turns
    WHERE rollout = {rollout:String} AND arm = 'canary' AND release = {canary:String} AND kind = 'turn'
      AND session > coalesce({after:Nullable(String)}, '')
      AND trace_id IN (
        SELECT trace_id FROM spans
        WHERE kind = 'tool' AND tool_name IN {tools:Array(String)}
          AND trace_id IN (SELECT trace_id FROM turns WHERE rollout = {rollout:String} AND arm = 'canary')
      )
    ORDER BY session, agent
    LIMIT {limit:UInt32}`;
  return readRows(client, { query, parameters }, row);
}
