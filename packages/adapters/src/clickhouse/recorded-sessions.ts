import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseRolloutId,
  type AgentName,
  type RecordedSession,
  type SessionId,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { maturityOf } from "./maturity-of.ts";
import { nullable } from "./nullable.ts";
import { readRows } from "./read-rows.ts";

const row = z.object({
  agent: z.string().transform(parseAgentName),
  release: z.string().transform(parseDigest),
  turns: z.coerce.number(),
  first_at: z.number(),
  last_at: z.number(),
  is_ended: z.coerce.boolean(),
  first: z.tuple([
    z.string().transform(parseGatewayId),
    z.enum(["baseline", "canary"]),
    nullable(parseRolloutId),
    z.number().nullable(),
  ]),
});
type Row = z.infer<typeof row>;

/** How the sessions of an id were placed, and how many turns each had at which release. */
export async function recordedSessions(
  client: ClickHouseClient,
  { session, agent }: { session: SessionId; agent: AgentName | null },
): Promise<readonly RecordedSession[]> {
  const query = `
    SELECT agent, release,
      uniqExactIf(id, kind = 'turn') AS turns,
      min(started_at) AS first_at,
      max(started_at + duration_ms) AS last_at,
      max(ends_session OR kind = 'sessionEnd') AS is_ended,
      argMin(tuple(gateway, arm, rollout, step), started_at) AS first
    FROM turns
    WHERE session = {session:String} AND ({agent:String} = '' OR agent = {agent:String})
    GROUP BY agent, release
    ORDER BY agent, first_at`;
  const rows = await readRows(client, { query, parameters: { session, agent: agent ?? "" } }, row);
  if (rows.length === 0) return [];
  const matured = await maturityOf(client, { session, agents: rows.map((found) => found.agent) });
  return [...Map.groupBy(rows, (found) => found.agent)].flatMap(([found, parts]) => {
    const [first] = parts;
    if (first === undefined) return [];
    return [{ agent: found, session, ...placementOf(first, parts), matured: matured.get(found) ?? null }];
  });
}

function placementOf(
  { first_at, first, release }: Row,
  parts: readonly Row[],
): Pick<RecordedSession, "first" | "byRelease" | "isEnded"> {
  const [gateway, arm, rollout, step] = first;
  return {
    first: { at: first_at, gateway, release, arm, rollout, step },
    byRelease: parts.map((part) => ({
      release: part.release,
      turns: part.turns,
      firstAt: part.first_at,
      lastAt: part.last_at,
    })),
    isEnded: parts.some((part) => part.is_ended),
  };
}
