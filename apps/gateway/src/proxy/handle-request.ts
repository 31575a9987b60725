import {
  compareRevisions,
  placeSession,
  type AgentRoute,
  type Pin,
  type PinStore,
  type SessionExtractor,
  type SessionId,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { AdminPages } from "../admin/admin-pages.ts";
import { fieldOf } from "../http1/fields.ts";
import { sendOwn, sendProblem, type Refusal } from "../problem.ts";
import { SESSION_COOKIE, SESSION_HEADER, type FoundSession, type SessionRequest } from "../session/find-session.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { createEarlyOpening, OpeningFailed, type EarlyOpening } from "../websocket/early-opening.ts";
import { assignmentOf } from "./assignment-record.ts";
import type { ClientTurn } from "./client-turn.ts";
import { requestHeadOf } from "./request-head.ts";
import { forward, type ForwardDeps } from "./forward.ts";
import type { TapFor } from "./response-tap.ts";
import { traceContextOf } from "./trace-context.ts";

export type HandleRequestDeps = ForwardDeps & {
  readonly held: HeldTable;
  readonly pins: Pick<PinStore, "claim">;
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly admin: AdminPages;
  readonly findSession: FindSession;
  readonly tapFor: TapFor;
};

/** `peekFrame` answers with the first message of a WebSocket, and with nothing where there is none. */
export type FindSession = (
  request: SessionRequest & { readonly peekFrame: () => Promise<string> },
  extractors: readonly SessionExtractor[],
) => Promise<FoundSession>;

/** A whole request: whose it is, which release its session belongs to, and the way there and back. */
export function createRequestHandler(deps: HandleRequestDeps): (turn: ClientTurn) => void {
  return (turn) => {
    const page = deps.admin(turn.request, turn.remoteAddress);
    const handled = page === null ? handle(turn, deps) : page.then((answer) => sendOwn(turn, answer));
    handled.catch((error: unknown) => giveUp(turn, error, deps.log));
  };
}

function giveUp(turn: ClientTurn, error: unknown, log: Log): void {
  if (turn.isGone) return;
  if (error instanceof OpeningFailed) {
    sendProblem(turn, error.refusal);
    return;
  }
  log.error("a request failed inside the gateway", { reason: reasonOf(error) });
  if (turn.hasBegun) turn.cut();
  else sendProblem(turn, internalError(error));
}

async function handle(turn: ClientTurn, deps: HandleRequestDeps): Promise<void> {
  const [startedAt, startedTick] = [deps.now(), deps.tick()];
  const { request } = turn;
  const { path } = request;
  const agent = agentAt(path, deps.held.index());
  if (agent.kind === "refused") {
    sendProblem(turn, agent.refusal);
    return;
  }
  const opening = request.isWebSocket ? createEarlyOpening(turn) : null;
  const found = await deps.findSession(sessionRequestOf(turn, opening, deps), agent.route.sessionExtractors);
  const place = found.kind === "malformed" ? malformedSession(found.message) : await placeOf(found.session, path, deps);
  if (turn.isGone) return;
  if (place.kind === "refused") {
    sendProblem(turn, place.refusal);
    return;
  }
  const { pin, release, route } = place;
  const trace = traceContextOf(fieldOf(request.fields, "traceparent"), deps.randomHex);
  if (place.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const ownLines = placeLines(pin, release) + (found.kind === "minted" ? mintedLine(pin, route.pathPrefix) : "");
  const agentPath = `${path.slice(route.pathPrefix.length) || "/"}${request.query}`;
  const tap = deps.tapFor({ route, pin });
  const opened = opening?.opened() ?? null;
  forward({ turn, pin, release, path: agentPath, trace, ownLines, tap, opened, startedAt, startedTick }, deps);
}

function sessionRequestOf(
  turn: ClientTurn,
  opening: EarlyOpening | null,
  { newId }: HandleRequestDeps,
): Parameters<FindSession>[0] {
  return {
    head: requestHeadOf(turn.request),
    peekBody: () => turn.body.peek(),
    peekFrame: () => opening?.peek() ?? Promise.resolve(""),
    mint: newId,
  };
}

type Refused = { readonly kind: "refused"; readonly refusal: Refusal };

function agentAt(
  path: string,
  index: RouteIndex | null,
): { readonly kind: "agent"; readonly route: AgentRoute; readonly index: RouteIndex } | Refused {
  if (index === null) return { kind: "refused", refusal: NO_TABLE };
  const agent = index.find(path);
  if (agent === null) return { kind: "refused", refusal: unknownAgent(path, index) };
  return { kind: "agent", route: agent.route, index };
}

type Place =
  | {
      readonly kind: "placed";
      readonly pin: Pin;
      /** This request is the session's first, and a rollout was under way when it claimed the pin. */
      readonly isAssigned: boolean;
      readonly release: RoutedRelease;
      readonly route: AgentRoute;
    }
  | Refused;

/** Places by the table in force now: it may have changed while the body was read. */
async function placeOf(session: SessionId, path: string, deps: HandleRequestDeps): Promise<Place> {
  const agent = agentAt(path, deps.held.index());
  if (agent.kind === "refused") return agent;
  const { route } = agent;
  const contact = placeSession({
    route,
    session,
    revision: agent.index.table.revision,
    gateway: deps.gateway,
    leaseExpired: deps.held.isFenced(),
    now: deps.now(),
  });
  const pin = await deps.pins.claim(contact, route.idleTimeoutMs);
  const index = deps.held.index() ?? agent.index;
  const release = index.agents.get(pin.agent)?.releases.get(pin.release);
  if (release !== undefined) return { kind: "placed", pin, isAssigned: isAssignedNow(pin, contact), release, route };
  // A pin is never answered by another release than its own. It may be ahead of us: another gateway of this machine,
  // which has the newer table already, wrote it.
  const isAhead = compareRevisions(pin.revision, index.table.revision) > 0;
  return { kind: "refused", refusal: isAhead ? tableBehind(pin) : releaseGone(pin) };
}

/** Whether the claim won. Two first requests in the same millisecond both say so; the store counts the session once. */
function isAssignedNow(pin: Pin, contact: Pin): boolean {
  return pin.rollout !== null && pin.assignedAt === contact.assignedAt && pin.gateway === contact.gateway;
}

function placeLines(pin: Pin, release: RoutedRelease): string {
  return `${SESSION_HEADER}: ${pin.session}\r\nx-perch-release: ${pin.release}\r\nx-perch-version: ${release.version}\r\n`;
}

function mintedLine(pin: Pin, pathPrefix: string): string {
  return `set-cookie: ${SESSION_COOKIE}=${pin.session}; Path=${pathPrefix || "/"}; HttpOnly; SameSite=Lax\r\n`;
}

const NO_TABLE: Refusal = {
  status: 503,
  code: "no_routing_table",
  message: "this gateway has not received a routing table yet",
  hint: "start the server, or check the gateway's --server URL; the gateway connects on its own",
};

function unknownAgent(path: string, index: RouteIndex): Refusal {
  const known = [...index.agents.values()].map(({ route }) => `${route.agent} at ${route.pathPrefix || "/"}`);
  return {
    status: 404,
    code: "unknown_agent",
    message: `no agent is at ${JSON.stringify(path.slice(0, 200))}; known agents: ${known.join(", ") || "none"}`,
    hint: known.length === 0 ? "deploy a first release with `perch deploy`" : "use one of the known agents' paths",
  };
}

function malformedSession(message: string): Refused {
  const hint = "send a usable session id, or none to get one";
  return { kind: "refused", refusal: { status: 400, code: "session_id_malformed", message, hint } };
}

function releaseGone(pin: Pin): Refusal {
  return {
    status: 410,
    code: "release_gone",
    message: `this session belongs to release ${pin.release} of ${pin.agent}, which is no longer served`,
    hint: "begin a new session",
  };
}

function tableBehind(pin: Pin): Refusal {
  return {
    status: 503,
    code: "table_behind",
    message: `this session was placed under a newer routing table than this gateway has; its release is ${pin.release}`,
    hint: "try again in a moment",
  };
}

function internalError(error: unknown): Refusal {
  return {
    status: 500,
    code: "internal",
    message: `the gateway could not handle this request: ${reasonOf(error)}`,
    hint: "see the gateway's log",
  };
}
