import {
  compareRevisions,
  placeByOverride,
  placeSession,
  signPin,
  timesMoved,
  type AgentRoute,
  type Candidate,
  type FirstContact,
  type GatewayId,
  type Pin,
  type PinSecrets,
  type RequestHead,
} from "@perch/domain";
import { isPlaced } from "../classify/is-placed.ts";
import type { AgentRequest } from "../classify/read-utterance.ts";
import type { SessionTargeting } from "../classify/session-targeting.ts";
import type { SessionMover } from "../moves/session-mover.ts";
import { endStay, type Stay } from "../moves/under-way.ts";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { Refusal } from "../problem.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedAgent, RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { findSession, type FoundSession, type SessionRequest } from "./find-session.ts";
import { createAliasLearner, type AliasLearner } from "./learn-aliases.ts";
import { ownHeaders, releaseHeaders } from "./own-headers.ts";
import { isDiscovery, isPreflight, placeOutside } from "./outside-sessions.ts";
import type { PlacementCounts } from "./placement-counts.ts";
import { presentedOverride, type PresentedOverride } from "./presented-override.ts";
import { presentedPin, type PresentedPin } from "./presented-pin.ts";
import * as refusals from "./refusals.ts";

export type PlaceRequestDeps = {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index" | "isFenced">;
  readonly pins: Pick<CachedPinStore, "claim" | "confirm" | "alias" | "sessionOf" | "remembered" | "find">;
  readonly targeting: SessionTargeting;
  readonly mover: Pick<SessionMover, "settle">;
  readonly secrets: PinSecrets;
  readonly counts: PlacementCounts;
  readonly now: () => number;
  readonly newId: () => string;
};

export type RequestToPlace = Pick<SessionRequest, "head" | "peekBody" | "peekFrame">;

export type Placement =
  | {
      readonly kind: "placed";
      readonly pin: Pin;
      readonly route: AgentRoute;
      readonly release: RoutedRelease;
      /** The path as the agent sees it, without the query. */
      readonly agentPath: string;
      /** It is no turn of any session: nothing is kept of it, and the agent hears of no session. */
      readonly isOutsideSessions: boolean;
      /** This request is the session's first. */
      readonly isFirst: boolean;
      /** This request is the session's first, and a rollout was under way when it claimed the pin. */
      readonly isAssigned: boolean;
      /** Names and values in turn, for whatever answer. */
      readonly ownHeaders: readonly string[];
      /** Null when there is nothing to learn. */
      readonly learner: AliasLearner | null;
      /** The client has to learn an id from the answer's body, so the agent must not pack it. */
      readonly needsPlainAnswer: boolean;
      /** Keeps the session where it is until the turn is over; to be ended with it. */
      readonly stay: Stay | null;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Whose request it is, which session it belongs to, and which release that session is pinned to. */
export async function placeRequest(request: RequestToPlace, deps: PlaceRequestDeps): Promise<Placement> {
  const { head } = request;
  const first = agentOf(head, deps.held.index());
  if (first.kind === "refused") return first;
  const agentPath = pathBelow(head, first.agent.route);
  if (isPreflight(head)) return outside(head, first, deps);
  const found = await findSession({ ...request, agentPath, mint: deps.newId }, first.agent.route.sessionExtractors);
  if (found.kind === "malformed") return refused(refusals.malformedSession(found.message));
  if (found.kind === "minted" && isDiscovery(head, agentPath)) return outside(head, first, deps);
  // By the table in force now: it may have changed while the body was read.
  const agent = agentOf(head, deps.held.index());
  if (agent.kind === "refused") return agent;
  const asked = { head, found, ...agent, candidate: null };
  return agent.agent.strategy.kind === "session"
    ? await placeSessionOf(asked, deps)
    : await placeTargeted({ ...request, agentPath }, asked, deps);
}

function outside(head: RequestHead, { agent, index }: Routed, deps: PlaceRequestDeps): Placement {
  const { route } = agent;
  const { revision } = index.table;
  const pin = placeOutside({ route, revision, gateway: deps.gateway, leaseExpired: false, now: deps.now() });
  const release = agent.releases.get(pin.release);
  if (release === undefined) return refused(refusals.releaseGone(pin));
  return {
    kind: "placed",
    pin,
    route,
    release,
    agentPath: pathBelow(head, route),
    isOutsideSessions: true,
    isFirst: false,
    isAssigned: false,
    stay: null,
    ownHeaders: releaseHeaders(pin, release.version),
    learner: null,
    needsPlainAnswer: false,
  };
}

type Asked = {
  readonly head: RequestHead;
  readonly found: Exclude<FoundSession, { kind: "malformed" }>;
  readonly agent: RoutedAgent;
  readonly index: RouteIndex;
  /** What the rollout's strategy draws the session by, should it be new; null where that is its id. */
  readonly candidate: Candidate | null;
};

/** Where a rollout does not simply draw sessions. */
async function placeTargeted(request: AgentRequest, asked: Asked, deps: PlaceRequestDeps): Promise<Placement> {
  const isKnown = await isPlaced(asked, deps);
  const candidate = isKnown ? null : await deps.targeting.candidateOf(request, asked.agent);
  // Again: finding out took time. What was found for a rollout that is over by now counts for nothing.
  const agent = agentOf(asked.head, deps.held.index());
  if (agent.kind === "refused") return agent;
  const placement = await placeSessionOf({ ...asked, ...agent, candidate }, deps);
  if (placement.kind === "refused") return placement;
  if (placement.isFirst) deps.targeting.placed(placement.pin);
  else await deps.targeting.continued(request, agent.agent, placement.pin);
  return placement;
}

async function placeSessionOf(asked: Asked, deps: PlaceRequestDeps): Promise<Placement> {
  const { head, found, agent } = asked;
  const contact = contactOf(asked, deps);
  const reading = { session: contact.session, secrets: deps.secrets, now: contact.now };
  const presented = presentedPin(head, { route: agent.route, ...reading });
  const override = presentedOverride(head, { agent, sessions: [found.session, contact.session], ...reading });
  if (override.kind === "unknown") return refused(refusals.overrideUnknown(override.override, agent));
  const wanted = wantedPin(contact, presented, override);
  const { idleTimeoutMs } = agent.route;
  const asking = { ...wanted, session: found.session };
  const claimed = await (contact.leaseExpired
    ? confirm(asking, idleTimeoutMs, deps)
    : deps.pins.claim(asking, idleTimeoutMs));
  const settling = deps.mover.settle(claimed);
  const settled = settling instanceof Promise ? await settling : settling;
  if (settled.kind === "unsure") return refused(refusals.moveUnconfirmed(claimed));
  const { pin, stay } = settled;
  count(deps.counts, { presented, override, pin });
  const place = placeAt({ ...asked, contact, presented, override, pin, stay }, deps);
  if (place.kind === "refused") endStay(stay);
  return place;
}

/** Cut off from the server a gateway does not hear of moves: then the store is asked about every pin, as long as it answers. */
async function confirm(pin: Pin, idleTimeoutMs: number, { pins }: PlaceRequestDeps): Promise<Pin> {
  return await pins.confirm(pin, idleTimeoutMs).catch(() => pins.claim(pin, idleTimeoutMs));
}

function placeAt(outcome: Omit<Outcome, "release">, deps: PlaceRequestDeps): Placement {
  const { pin, override, index } = outcome;
  if (override.kind === "valid" && pin.release !== override.release) {
    return refused(refusals.overrideTooLate(pin, override.override));
  }
  const current = deps.held.index() ?? index;
  const release = current.agents.get(pin.agent)?.releases.get(pin.release);
  // A pin is never answered by another release than its own. It may be ahead of us: another gateway, which has the newer
  // table already, wrote it.
  if (release === undefined) {
    const isAhead = compareRevisions(pin.revision, current.table.revision) > 0;
    return refused(isAhead ? refusals.tableBehind(pin) : refusals.releaseGone(pin));
  }
  return placed({ ...outcome, release }, deps);
}

/** What is claimed, should the store hold nothing: the pin the client was given, else the token's wish, else the weights'. */
function wantedPin(contact: FirstContact, presented: PresentedPin, override: PresentedOverride): Pin {
  if (presented.kind === "valid") return presented.pin;
  if (override.kind === "valid") return placeByOverride(contact, override.release, override.override.id);
  return placeSession(contact);
}

type Outcome = Asked & {
  readonly contact: FirstContact;
  readonly presented: PresentedPin;
  readonly override: PresentedOverride;
  readonly pin: Pin;
  readonly release: RoutedRelease;
  readonly stay: Stay | null;
};

function placed(outcome: Outcome, deps: PlaceRequestDeps): Placement {
  const { head, found, agent, contact, presented, override, pin, release, stay } = outcome;
  const { route } = agent;
  // Two first requests in the same millisecond both say so; whoever counts sessions counts each once.
  const isFirst = presented.kind !== "valid" && pin.assignedAt === contact.now && pin.gateway === deps.gateway;
  const isSignedWell = presented.kind === "valid" && isLasting(presented, { pin, route, now: contact.now });
  const signs = isFirst || (presented.kind !== "none" && !isSignedWell);
  return {
    kind: "placed",
    stay,
    pin,
    route,
    release,
    agentPath: pathBelow(head, route),
    isOutsideSessions: false,
    isFirst,
    isAssigned: isFirst && pin.rollout !== null,
    ownHeaders: ownHeaders(head, {
      pin,
      version: release.version,
      pathPrefix: route.pathPrefix,
      isMinted: found.kind === "minted",
      signed: signs ? sign(pin, route, { now: contact.now, secrets: deps.secrets }) : null,
      override: override.kind === "none" ? null : override.kind === "valid" ? "applied" : "ignored",
    }),
    learner: createAliasLearner(agent, pin, { pins: deps.pins, onLearned: () => deps.counts.add("aliasLearned") }),
    needsPlainAnswer:
      !(found.kind === "found" && found.isInHead) && route.sessionLearners.some(({ kind }) => kind === "responseJson"),
  };
}

/** A client gets a new pin when a tenth of the old one's time is over, so that it lasts as long as the store's. */
function isLasting(
  presented: Extract<PresentedPin, { kind: "valid" }>,
  { pin, route, now }: { pin: Pin; route: AgentRoute; now: number },
): boolean {
  const isSame = presented.pin.release === pin.release && timesMoved(presented.pin) === timesMoved(pin);
  return isSame && presented.expiresAt - now > 0.9 * route.idleTimeoutMs;
}

function sign(pin: Pin, { idleTimeoutMs }: AgentRoute, { now, secrets }: { now: number; secrets: PinSecrets }) {
  return { text: signPin(pin, now + idleTimeoutMs, secrets), ttlMs: idleTimeoutMs };
}

function contactOf({ found, agent, index, candidate }: Asked, deps: PlaceRequestDeps): FirstContact {
  const { route } = agent;
  return {
    route,
    session: deps.pins.sessionOf(route.agent, found.session),
    candidate,
    revision: index.table.revision,
    gateway: deps.gateway,
    leaseExpired: deps.held.isFenced(),
    now: deps.now(),
  };
}

function count(
  counts: PlacementCounts,
  { presented, override, pin }: { presented: PresentedPin; override: PresentedOverride; pin: Pin },
): void {
  if (presented.kind === "valid") counts.add(presented.pin.release === pin.release ? "accepted" : "outvoted");
  else if (presented.kind !== "none") counts.add(presented.kind);
  if (override.kind !== "none") counts.add(override.kind === "valid" ? "overrideAccepted" : "overrideIgnored");
}

type Routed = { readonly agent: RoutedAgent; readonly index: RouteIndex };
type AgentAt = ({ readonly kind: "agent" } & Routed) | Extract<Placement, { kind: "refused" }>;

function agentOf(head: RequestHead, index: RouteIndex | null): AgentAt {
  if (index === null) return refused(refusals.NO_TABLE);
  const host = head.header("host") ?? "";
  const agent = index.find(head.path, host);
  return agent === null ? refused(refusals.unknownAgent(head.path, host, index)) : { kind: "agent", agent, index };
}

function pathBelow({ path }: RequestHead, { pathPrefix }: AgentRoute): string {
  return path.slice(pathPrefix.length) || "/";
}

function refused(refusal: Refusal): Extract<Placement, { kind: "refused" }> {
  return { kind: "refused", refusal };
}
