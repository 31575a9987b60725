import { cancelMoveSchema, moveReportSchema, moveRequestSchema, type MovedSessions, type MoveView } from "@perch/api";
import {
  isUnderWay,
  parseGatewayId,
  parseMoveId,
  parseSessionId,
  type AgentMove,
  type AgentRecord,
  type SessionSource,
} from "@perch/domain";
import { Hono, type Context } from "hono";
import { unknownAgent } from "../api/agent-routes.ts";
import { ApiError } from "../api/api-error.ts";
import { readBody } from "../api/read-body.ts";
import { beginMove, endMove, type FollowMovesDeps } from "./follow-moves.ts";
import { orderOf } from "./order-move.ts";

export type MoveRoutesDeps = FollowMovesDeps & {
  readonly sessions: Pick<SessionSource, "movedSessions" | "movedCounts">;
  /** What a report decides is decided at once. */
  readonly onReport: () => Promise<void>;
};

const MOST_SESSIONS = 1000;

/** `/v1/agents/:agent/moves…`, `GET /v1/agents/:agent/moved`, and `POST /v1/gateways/:id/moves`. */
export function createMoveRoutes(deps: MoveRoutesDeps): Hono {
  const { book, reports, sessions } = deps;
  const routes = new Hono();
  const agentAt = (context: Context): AgentRecord => agentOf(context.req.param("agent") ?? "", deps);
  routes.get("/v1/agents/:agent/moves", async (context) => {
    const record = agentAt(context);
    const moved = await sessions.movedCounts(record.agent);
    const views = record.moves.map((move) => viewOf(record, move, { moved: moved.get(move.id) ?? 0, deps }));
    return context.json(views.toReversed());
  });
  routes.post("/v1/agents/:agent/moves", async (context) => {
    const request = await readBody(context, moveRequestSchema);
    const record = agentAt(context);
    const order = orderOf(record, request, book);
    const { actor, reason } = request;
    const move = moveOf(await beginMove(record.agent, { order, actor, reason }, deps), order.id);
    if (move.standing.kind === "held") throw isHeld(move);
    await deps.onReport();
    const now = agentAt(context);
    return context.json(viewOf(now, moveOf(now, move.id), { moved: 0, deps }), 201);
  });
  routes.delete("/v1/agents/:agent/moves/:move", async (context) => {
    const { actor, reason } = await readBody(context, cancelMoveSchema);
    const record = agentAt(context);
    const move = moveOf(record, context.req.param("move"));
    if (!isUnderWay(move)) throw isOver(move);
    const why = reason === "" ? `cancelled by ${actor}` : reason;
    const after = await endMove({ agent: record.agent, move, outcome: "cancelled", actor, reason: why }, deps);
    const moved = await sessions.movedCounts(record.agent);
    return context.json(viewOf(after, moveOf(after, move.id), { moved: moved.get(move.id) ?? 0, deps }));
  });
  routes.get("/v1/agents/:agent/moved", async (context) => {
    const { agent } = agentAt(context);
    const { move, session } = context.req.query();
    const records = await sessions.movedSessions({
      agent,
      move: move === undefined ? null : parseMoveId(move),
      session: session === undefined ? null : parseSessionId(session),
      limit: MOST_SESSIONS,
    });
    return context.json([...records] satisfies MovedSessions);
  });
  routes.post("/v1/gateways/:id/moves", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    reports.note(gateway, await readBody(context, moveReportSchema));
    await deps.onReport();
    return context.body(null, 204);
  });
  return routes;
}

function agentOf(name: string, { book }: MoveRoutesDeps): AgentRecord {
  const record = book.agent(name);
  if (record === null) throw unknownAgent(name);
  return record;
}

function moveOf({ agent, moves }: AgentRecord, id: string): AgentMove {
  const move = moves.find((one) => one.id === id);
  if (move !== undefined) return move;
  throw new ApiError({
    status: 404,
    code: "unknown_move",
    message: `found no move ${JSON.stringify(id)} of ${agent}`,
    hint: `\`perch move ${agent}\` lists them`,
  });
}

function isHeld({ id, from, to, memoryProblems }: AgentMove): ApiError {
  return new ApiError({
    status: 409,
    code: "memory_incompatible",
    message: `sessions cannot be moved from ${from} to ${to}: ${memoryProblems.join("; ")} (recorded as ${id})`,
    hint: "let them drain; or give the new release a translator; `--mode evict` moves them with what they lose",
  });
}

function isOver({ id, standing }: AgentMove): ApiError {
  return new ApiError({
    status: 409,
    code: "not_possible_now",
    message: `cannot cancel the move ${id}: it is ${standing.kind}`,
    hint: "a session that was moved is moved back by a move in the other direction",
  });
}

function viewOf(
  record: AgentRecord,
  move: AgentMove,
  { moved, deps }: { moved: number; deps: MoveRoutesDeps },
): MoveView {
  const { standing, from, to, memoryProblems, boundary, ...order } = move;
  const ended = standing.kind === "closed" || standing.kind === "past" ? standing : null;
  const release = (digest: string) => ({
    digest,
    version: record.releases.find((one) => one.digest === digest)?.version ?? "",
  });
  const isListed = standing.kind !== "held" && standing.kind !== "past";
  return {
    ...order,
    agent: record.agent,
    from: release(from),
    to: release(to),
    boundary,
    standing: standing.kind,
    outcome: ended?.outcome ?? null,
    because: standing.kind === "held" ? standing.because : (ended?.because ?? ""),
    memoryProblems: [...memoryProblems],
    moved,
    pinned: isListed ? deps.reports.pinned(record.agent, move) : null,
  };
}
