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
import type { SessionMover, Settled } from "../moves/session-mover.ts";
import { endStay, type Stay } from "../moves/under-way.ts";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedAgent, RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { findSession, type FoundSession, type SessionRequest } from "./find-session.ts";
import { createAliasLearner } from "./learn-aliases.ts";
import { ownHeaders } from "./own-headers.ts";
import { isDiscovery, isPreflight } from "./outside-sessions.ts";
import { outside } from "./place-outside.ts";
import { pathBelow, refused, type Placement, type Routed } from "./placement.ts";
import type { PlacementCounts } from "./placement-counts.ts";
import { presentedOverride, type PresentedOverride } from "./presented-override.ts";
import { presentedPin, type PresentedPin } from "./presented-pin.ts";
import * as refusals from "./refusals.ts";
import { whenKnown, type Soon } from "./soon.ts";

export type PlaceRequestDeps = {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index" | "isFenced">;
  readonly pins: Pick<CachedPinStore, "claim" | "fresh" | "confirm" | "alias" | "sessionOf" | "remembered" | "find">;
  readonly targeting: SessionTargeting;
  readonly mover: Pick<SessionMover, "settle">;
  readonly secrets: PinSecrets;
  readonly counts: PlacementCounts;
  readonly now: () => number;
  readonly newId: () => string;
};

export type RequestToPlace = Pick<SessionRequest, "head" | "peekBody" | "peekFrame">;

/** Whose request it is, which session it belongs to, and which release that session is pinned to. */
export function placeRequest(request: RequestToPlace, deps: PlaceRequestDeps): Soon<Placement> {
  const { head, peekBody, peekFrame } = request;
  const first = agentOf(head, deps.held.index());
  if (first.kind === "refused") return first;
  const agentPath = pathBelow(head, first.agent.route);
  if (isPreflight(head)) return outside(head, first, deps);
  const looking = { head, peekBody, peekFrame, agentPath, mint: deps.newId };
  return whenKnown(findSession(looking, first.agent.route.sessionExtractors), (found) => {
    if (found.kind === "malformed") return refused(refusals.malformedSession(found.message));
    if (found.kind === "minted" && isDiscovery(head, agentPath)) return outside(head, first, deps);
    // By the table in force now: it may have changed while the body was read.
    const at = agentOf(head, deps.held.index());
    if (at.kind === "refused") return at;
    const asked = { head, found, agent: at.agent, index: at.index, candidate: null };
    return at.agent.strategy.kind === "session"
      ? placeSessionOf(asked, deps)
      : placeTargeted({ ...request, agentPath }, asked, deps);
  });
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

function placeSessionOf(asked: Asked, deps: PlaceRequestDeps): Soon<Placement> {
  const { head, found, agent } = asked;
  const contact = contactOf(asked, deps);
  const { session, now } = contact;
  const { secrets } = deps;
  const presented = presentedPin(head, { route: agent.route, session, secrets, now });
  const override = presentedOverride(head, { agent, sessions: [found.session, session], secrets, now });
  if (override.kind === "unknown") return refused(refusals.overrideUnknown(override.override, agent));
  const contacted = { asked, contact, presented, override };
  return whenKnown(pinOf(contacted, deps), (claimed) =>
    whenKnown(deps.mover.settle(claimed), (settled) =>
      settled.kind === "unsure" ? refused(refusals.moveUnconfirmed(claimed)) : settle(contacted, settled, deps),
    ),
  );
}

/** The pin that the session has, or gets now. */
function pinOf({ asked, contact, presented, override }: Contacted, deps: PlaceRequestDeps): Soon<Pin> {
  const { found, agent } = asked;
  const { idleTimeoutMs } = agent.route;
  const known = contact.leaseExpired ? null : deps.pins.fresh(agent.route.agent, found.session);
  if (known !== null && !isAhead(presented, known)) return known;
  const asking = { ...wantedPin(contact, presented, override), session: found.session };
  return contact.leaseExpired ? confirm(asking, idleTimeoutMs, deps) : deps.pins.claim(asking, idleTimeoutMs);
}

/** The client knows of a move that this gateway does not. */
function isAhead(presented: PresentedPin, known: Pin): boolean {
  return presented.kind === "valid" && timesMoved(presented.pin) > timesMoved(known);
}

type Contacted = {
  readonly asked: Asked;
  readonly contact: FirstContact;
  readonly presented: PresentedPin;
  readonly override: Exclude<PresentedOverride, { kind: "unknown" }>;
};

/** With the pin that the session has. */
function settle(
  contacted: Contacted,
  settled: Exclude<Settled, { kind: "unsure" }>,
  deps: PlaceRequestDeps,
): Placement {
  const { pin, stay } = settled;
  const { presented, override } = contacted;
  count(deps.counts, { presented, override, pin });
  const place = placeAt({ ...contacted, pin, stay }, deps);
  if (place.kind === "refused") endStay(stay);
  return place;
}

/** Cut off from the server a gateway does not hear of moves: then the store is asked about every pin, as long as it answers. */
async function confirm(pin: Pin, idleTimeoutMs: number, { pins }: PlaceRequestDeps): Promise<Pin> {
  return await pins.confirm(pin, idleTimeoutMs).catch(() => pins.claim(pin, idleTimeoutMs));
}

function placeAt(outcome: Omit<Outcome, "release">, deps: PlaceRequestDeps): Placement {
  const { pin, override } = outcome;
  const { index } = outcome.asked;
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

type Outcome = Contacted & {
  readonly pin: Pin;
  readonly release: RoutedRelease;
  readonly stay: Stay | null;
};

function placed(outcome: Outcome, deps: PlaceRequestDeps): Placement {
  const { contact, presented, override, pin, release, stay } = outcome;
  const { head, found, agent } = outcome.asked;
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

type AgentAt = ({ readonly kind: "agent" } & Routed) | Extract<Placement, { kind: "refused" }>;

function agentOf(head: RequestHead, index: RouteIndex | null): AgentAt {
  if (index === null) return refused(refusals.NO_TABLE);
  const host = head.header("host") ?? "";
  const agent = index.find(head.path, host);
  if (agent === null) return refused(refusals.unknownAgent(head.path, host, index));
  if (agent.route.refuses !== null) return refused(refusals.agentKilled(agent.route));
  return { kind: "agent", agent, index };
}
