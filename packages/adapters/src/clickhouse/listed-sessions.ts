import {
  formatSessionKey,
  parseAgentName,
  parseDigest,
  parseRolloutId,
  parseSessionId,
  type ListedSession,
  type SessionQuery,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { nullable } from "./nullable.ts";
import { readRows } from "./read-rows.ts";
import { withSettled } from "./settled-sessions.ts";
import { SESSION_STATES } from "./session-states.ts";

const row = z
  .object({
    agent: z.string().transform(parseAgentName),
    session: z.string().transform(parseSessionId),
    last_release: z.string().transform(parseDigest),
    first_arm: z.enum(["baseline", "canary"]),
    first_rollout: nullable(parseRolloutId),
    first_step: z.number().nullable(),
    first_at: z.number(),
    last_at: z.number(),
    turn_count: z.coerce.number(),
    release_count: z.coerce.number(),
    state: z.enum(["live", "ended", "mature"]),
  })
  .transform((found): Omit<ListedSession, "settled"> => ({
    agent: found.agent,
    session: found.session,
    release: found.last_release,
    arm: found.first_arm,
    rollout: found.first_rollout,
    step: found.first_step,
    startedAt: found.first_at,
    lastTurnAt: found.last_at,
    turns: found.turn_count,
    releases: found.release_count,
    state: found.state,
  }));

/** One page of the sessions that fit, live ones oldest first, all of them newest first. */
export async function listedSessions(client: ClickHouseClient, query: SessionQuery): Promise<ListedSession[]> {
  const direction = query.onlyLive ? 1 : -1;
  const listed = await readRows(
    client,
    {
      query: `
        SELECT *, first.1 AS first_arm, first.2 AS first_rollout, first.3 AS first_step
        FROM (${SESSION_STATES})
        WHERE (NOT {onlyLive:Bool} OR state = 'live')
          AND ({arm:String} = '' OR first_arm = {arm:String})
          AND ({rollout:String} = '' OR first_rollout = {rollout:String})
          AND (NOT {byRelease:Bool} OR last_release IN {releases:Array(String)})
          AND first_at < coalesce({startedBefore:Nullable(Float64)}, inf)
          AND first_at >= coalesce({startedSince:Nullable(Float64)}, -inf)
          AND (NOT {byResult:Bool} OR (agent, session) IN (
            SELECT agent, session FROM sessions
            WHERE ({outcome:String} = '' OR outcome = {outcome:String})
              AND ({isEscalated:Nullable(Bool)} IS NULL OR is_escalated = {isEscalated:Nullable(Bool)})
              AND ({tool:String} = '' OR has(tool_sequence, {tool:String}))
          ))
          AND (first_at * {direction:Int8}, concat(agent, ' ', session)) > ({afterAt:Float64}, {afterKey:String})
        ORDER BY first_at * {direction:Int8}, concat(agent, ' ', session)
        LIMIT {limit:UInt32}`,
      parameters: {
        agent: query.agent ?? "",
        onlyLive: query.onlyLive,
        liveSince: query.liveSince,
        arm: query.arm ?? "",
        rollout: query.rollout ?? "",
        byRelease: query.releases !== null,
        releases: query.releases ?? [],
        startedBefore: query.startedBefore,
        startedSince: query.startedSince,
        byResult: query.outcome !== null || query.isEscalated !== null || query.tool !== null,
        outcome: query.outcome ?? "",
        isEscalated: query.isEscalated,
        tool: query.tool ?? "",
        direction,
        afterAt: query.after === null ? Number.MIN_SAFE_INTEGER : query.after.startedAt * direction,
        afterKey: query.after === null ? "" : formatSessionKey(query.after),
        limit: query.limit,
      },
    },
    row,
  );
  return await withSettled(client, listed);
}
