import type { SessionQuery } from "@perch/domain";
import type { BoundQuery } from "./read-rows.ts";
import { NEVER } from "./never-matured.ts";
import { MAY_BE_LIVE } from "./session-states.ts";

/** Live ones oldest first, all of them newest first; of the same moment by key, which is a number and cheap to sort by. */
const ORDER = "began * {direction:Int8}, key";

/**
 * A subquery: the keys of one page. Of every session that there is it reads a few columns of a fixed width, and of the others
 * only those that the question needs: the rest of a session is read for the page alone.
 */
export function sessionPage(query: SessionQuery): Required<BoundQuery> {
  const { where, having, columns } = conditionsOf(query);
  return {
    query: `
      SELECT key FROM (
        SELECT key, min(began_at) AS began, max(has_begun) AS has_any${columns.map((column) => `, ${column}`).join("")}
        FROM session_states
        WHERE ${["true", ...where].join(" AND ")}
        GROUP BY key
      )
      WHERE ${["has_any", ...having].join(" AND ")}
      ORDER BY ${ORDER}
      LIMIT {limit:UInt32}`,
    parameters: parametersOf(query),
  };
}

type Conditions = {
  readonly columns: readonly string[];
  /** On rows of the summary. */
  readonly where: readonly string[];
  /** On whole sessions. */
  readonly having: readonly string[];
};

type Condition = Partial<Conditions> & { readonly holds: boolean };

function conditionsOf(query: SessionQuery): Conditions {
  const all: readonly Condition[] = [
    { holds: query.agent !== null, where: ["session_states.agent = {agent:String}"] },
    { holds: query.onlyLive, ...IS_LIVE },
    {
      holds: query.arm !== null || query.rollout !== null,
      columns: ["argMinMerge(placement) AS first"],
    },
    { holds: query.arm !== null, having: ["first.1 = {arm:String}"] },
    {
      holds: query.rollout !== null,
      where: ["key IN (SELECT key FROM rollout_sessions WHERE rollout = {rollout:String})"],
      having: ["first.2 = {rollout:String}"],
    },
    {
      holds: query.releases !== null,
      columns: ["argMaxMerge(at_release) AS last_release"],
      having: ["last_release IN {releases:Array(String)}"],
    },
    { holds: query.startedBefore !== null, having: ["began < {startedBefore:Float64}"] },
    { holds: query.startedSince !== null, having: ["began >= {startedSince:Float64}"] },
    { holds: isByResult(query), where: [`key IN (${WITH_RESULT})`] },
    {
      holds: query.after !== null,
      having: [`(${ORDER}) > ({afterAt:Float64}, sipHash64({afterAgent:String}, {afterSession:String}))`],
    },
  ];
  const those = all.filter(({ holds }) => holds);
  return {
    columns: those.flatMap(({ columns = [] }) => columns),
    where: those.flatMap(({ where = [] }) => where),
    having: those.flatMap(({ having = [] }) => having),
  };
}

/** Sessions that cannot be live are left out by the time of their last turn. */
const IS_LIVE: Conditions = {
  columns: ["min(matured_as) AS matured", "max(is_over) AS over", "max(active_at) AS active"],
  where: [MAY_BE_LIVE],
  having: [`matured = ${NEVER}`, "NOT over", "active >= {liveSince:Float64}"],
};

const WITH_RESULT = `
  SELECT sipHash64(agent, session) FROM sessions
  WHERE ({outcome:String} = '' OR outcome = {outcome:String})
    AND ({isEscalated:Nullable(Bool)} IS NULL OR is_escalated = {isEscalated:Nullable(Bool)})
    AND ({tool:String} = '' OR has(tool_sequence, {tool:String}))`;

function isByResult({ outcome, isEscalated, tool }: SessionQuery): boolean {
  return outcome !== null || isEscalated !== null || tool !== null;
}

/** What is null is in no condition. */
function parametersOf(query: SessionQuery): Record<string, unknown> {
  const direction = query.onlyLive ? 1 : -1;
  return {
    agent: query.agent ?? "",
    liveSince: query.liveSince,
    arm: query.arm,
    rollout: query.rollout,
    releases: query.releases,
    startedBefore: query.startedBefore,
    startedSince: query.startedSince,
    outcome: query.outcome ?? "",
    isEscalated: query.isEscalated,
    tool: query.tool ?? "",
    direction,
    limit: query.limit,
    ...(query.after !== null && {
      afterAt: query.after.startedAt * direction,
      afterAgent: query.after.agent,
      afterSession: query.after.session,
    }),
  };
}
