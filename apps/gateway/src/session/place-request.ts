import {
  compareRevisions,
  placeSession,
  type AgentRoute,
  type GatewayId,
  type Pin,
  type PinStore,
  type SessionId,
} from "@perch/domain";
import type { Refusal } from "../problem.ts";
import type { ResponseTap } from "../proxy/response-tap.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { findSession, SESSION_COOKIE, SESSION_HEADER, type SessionRequest } from "./find-session.ts";

export type PlaceRequestDeps = {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index" | "isFenced">;
  readonly pins: Pick<PinStore, "claim">;
  readonly now: () => number;
  readonly newId: () => string;
};

export type RequestToPlace = Pick<SessionRequest, "head" | "peekBody"> & {
  /** The first message of a WebSocket as text; null for every other request. */
  readonly peekFrame: (() => Promise<string>) | null;
};

export type Placement =
  | {
      readonly kind: "placed";
      readonly pin: Pin;
      readonly route: AgentRoute;
      readonly release: RoutedRelease;
      /** The path as the agent sees it, without the query. */
      readonly agentPath: string;
      /** This request is the session's first, and a rollout was under way when it claimed the pin. */
      readonly isAssigned: boolean;
      /** Names and values in turn, for whatever answer. */
      readonly ownHeaders: readonly string[];
      /** Null when there is nothing to learn. */
      readonly learner: ResponseTap | null;
      /** The client has to learn an id from the answer's body, so the agent must not pack it. */
      readonly needsPlainAnswer: boolean;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Whose request it is, which session it belongs to, and which release that session is pinned to. */
export async function placeRequest(request: RequestToPlace, deps: PlaceRequestDeps): Promise<Placement> {
  const { path } = request.head;
  const agent = agentAt(path, deps.held.index());
  if (agent.kind === "refused") return agent;
  const found = await findSession({ ...request, mint: deps.newId }, agent.route.sessionExtractors);
  if (found.kind === "malformed") return malformedSession(found.message);
  return await placeOf({ session: found.session, isMinted: found.kind === "minted", path }, deps);
}

type FoundAgent =
  | { readonly kind: "agent"; readonly route: AgentRoute; readonly index: RouteIndex }
  | { readonly kind: "refused"; readonly refusal: Refusal };

function agentAt(path: string, index: RouteIndex | null): FoundAgent {
  if (index === null) return { kind: "refused", refusal: NO_TABLE };
  const agent = index.find(path);
  if (agent === null) return { kind: "refused", refusal: unknownAgent(path, index) };
  return { kind: "agent", route: agent.route, index };
}

type Asked = { readonly session: SessionId; readonly isMinted: boolean; readonly path: string };

/** Places by the table in force now: it may have changed while the body was read. */
async function placeOf({ session, isMinted, path }: Asked, deps: PlaceRequestDeps): Promise<Placement> {
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
  // A pin is never answered by another release than its own. It may be ahead of us: another gateway of this machine,
  // which has the newer table already, wrote it.
  const isAhead = compareRevisions(pin.revision, index.table.revision) > 0;
  if (release === undefined) return { kind: "refused", refusal: isAhead ? tableBehind(pin) : releaseGone(pin) };
  return {
    kind: "placed",
    pin,
    route,
    release,
    agentPath: path.slice(route.pathPrefix.length) || "/",
    isAssigned: isAssignedNow(pin, contact),
    ownHeaders: ownHeaders(pin, release, isMinted ? route.pathPrefix : null),
    learner: null,
    needsPlainAnswer: false,
  };
}

/** Whether the claim won. Two first requests in the same millisecond both say so; the store counts the session once. */
function isAssignedNow(pin: Pin, contact: Pin): boolean {
  return pin.rollout !== null && pin.assignedAt === contact.assignedAt && pin.gateway === contact.gateway;
}

/** `mintedFor`: where the client keeps the id that it did not have before; null when it had one. */
function ownHeaders(pin: Pin, release: RoutedRelease, mintedFor: string | null): readonly string[] {
  const headers = [SESSION_HEADER, pin.session, "x-perch-release", pin.release, "x-perch-version", release.version];
  if (mintedFor === null) return headers;
  const cookie = `${SESSION_COOKIE}=${pin.session}; Path=${mintedFor || "/"}; HttpOnly; SameSite=Lax`;
  return [...headers, "set-cookie", cookie];
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

function malformedSession(message: string): Placement {
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
