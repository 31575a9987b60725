import type { IncomingMessage, ServerResponse } from "node:http";
import {
  compareRevisions,
  placeSession,
  type AgentRoute,
  type Pin,
  type PinStore,
  type SessionId,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { sendProblem, type Refusal } from "../problem.ts";
import { findSession, SESSION_COOKIE, SESSION_HEADER } from "../session/find-session.ts";
import { createRequestBody } from "../session/request-body.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { assignmentOf } from "./assignment-record.ts";
import { requestHeadOf } from "./request-head.ts";
import { forward, type ForwardDeps } from "./forward.ts";
import { traceContextOf } from "./trace-context.ts";

export type HandleRequestDeps = ForwardDeps & {
  readonly held: HeldTable;
  readonly pins: Pick<PinStore, "claim">;
  readonly log: Log;
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
  /** Answers paths of the gateway itself; false when this is none. */
  readonly admin: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
};

/** A whole request: whose it is, which release its session belongs to, and the way there and back. */
export function createRequestHandler(
  deps: HandleRequestDeps,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // Both end with the exchange, which looks at what became of them.
    request.on("error", () => {});
    response.on("error", () => {});
    handle(request, response, deps).catch((error: unknown) => {
      if (response.closed || (request.destroyed && !request.complete)) return;
      deps.log.error("a request failed inside the gateway", { reason: reasonOf(error) });
      if (response.headersSent) response.destroy();
      else sendProblem(response, internalError(error));
    });
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, deps: HandleRequestDeps): Promise<void> {
  const started = { startedAt: deps.now(), startedTick: deps.tick() };
  const { path, query } = targetOf(request.url ?? "/");
  if (deps.admin(path, request, response)) return;
  const agent = agentAt(path, deps.held.index());
  if (agent.kind === "refused") {
    sendProblem(response, agent.refusal);
    return;
  }
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    sendProblem(response, NO_WEBSOCKET);
    return;
  }
  const body = createRequestBody(request);
  if (body.isShort) await body.peek();
  const found = await findSession(
    { head: requestHeadOf(request, { path, query }), peekBody: () => body.peek(), mint: deps.newId },
    agent.route.sessionExtractors,
  );
  if (found.kind === "malformed") {
    sendProblem(response, malformedSession(found.message));
    return;
  }
  const place = await placeOf(found.session, path, deps);
  if (place.kind === "refused") {
    sendProblem(response, place.refusal);
    return;
  }
  const { pin, release, route } = place;
  const trace = traceContextOf(request.headers.traceparent, deps.randomHex);
  if (place.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const agentPath = `${path.slice(route.pathPrefix.length) || "/"}${query}`;
  const minted = found.kind === "minted" ? mintedHeaders(pin, route.pathPrefix) : [];
  const ownHeaders = [...placeHeaders(pin, release), ...minted];
  forward({ request, response, body, pin, release, path: agentPath, trace, ownHeaders, ...started }, deps);
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

/** HTTP also allows the absolute form, which clients use towards a proxy (RFC 9112, section 3.2.2). */
function targetOf(url: string): { path: string; query: string } {
  const target = url.startsWith("/") ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "") || "/";
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark) };
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

function placeHeaders(pin: Pin, release: RoutedRelease): string[] {
  return [SESSION_HEADER, pin.session, "x-perch-release", pin.release, "x-perch-version", release.version];
}

function mintedHeaders(pin: Pin, pathPrefix: string): string[] {
  return ["set-cookie", `${SESSION_COOKIE}=${pin.session}; Path=${pathPrefix || "/"}; HttpOnly; SameSite=Lax`];
}

const NO_TABLE: Refusal = {
  status: 503,
  code: "no_routing_table",
  message: "this gateway has not received a routing table yet",
  hint: "start the server, or check the gateway's --server URL; the gateway connects on its own",
};

const NO_WEBSOCKET: Refusal = {
  status: 501,
  code: "websocket_unsupported",
  message: "found a WebSocket handshake, expected a plain HTTP request",
  hint: "use HTTP with server-sent events for streaming answers",
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

function malformedSession(message: string): Refusal {
  return { status: 400, code: "session_id_malformed", message, hint: "send a usable session id, or none to get one" };
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
