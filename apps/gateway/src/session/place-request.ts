import {
  compareRevisions,
  placeByOverride,
  placeSession,
  signPin,
  type AgentRoute,
  type FirstContact,
  type GatewayId,
  type Pin,
  type PinSecrets,
  type RequestHead,
} from "@perch/domain";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { Refusal } from "../problem.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedAgent, RoutedRelease, RouteIndex } from "../table/route-index.ts";
import { findSession, type FoundSession, type SessionRequest } from "./find-session.ts";
import { createAliasLearner, type AliasLearner } from "./learn-aliases.ts";
import { ownHeaders } from "./own-headers.ts";
import type { PlacementCounts } from "./placement-counts.ts";
import { presentedOverride, type PresentedOverride } from "./presented-override.ts";
import { presentedPin, type PresentedPin } from "./presented-pin.ts";
import * as refusals from "./refusals.ts";
import { whenKnown, type Soon } from "./soon.ts";

export type PlaceRequestDeps = {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index" | "isFenced">;
  readonly pins: Pick<CachedPinStore, "claim" | "fresh" | "alias" | "sessionOf">;
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
      /** This request is the session's first, and a rollout was under way when it claimed the pin. */
      readonly isAssigned: boolean;
      /** Names and values in turn, for whatever answer. */
      readonly ownHeaders: readonly string[];
      /** Null when there is nothing to learn. */
      readonly learner: AliasLearner | null;
      /** The client has to learn an id from the answer's body, so the agent must not pack it. */
      readonly needsPlainAnswer: boolean;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Whose request it is, which session it belongs to, and which release that session is pinned to. */
export function placeRequest(request: RequestToPlace, deps: PlaceRequestDeps): Soon<Placement> {
  const { head, peekBody, peekFrame } = request;
  const first = agentOf(head, deps.held.index());
  if (first.kind === "refused") return first;
  const agentPath = pathBelow(head, first.agent.route);
  const looking = { head, peekBody, peekFrame, agentPath, mint: deps.newId };
  return whenKnown(findSession(looking, first.agent.route.sessionExtractors), (found) => {
    if (found.kind === "malformed") return refused(refusals.malformedSession(found.message));
    // By the table in force now: it may have changed while the body was read.
    const at = agentOf(head, deps.held.index());
    return at.kind === "refused" ? at : placeSessionOf({ head, found, agent: at.agent, index: at.index }, deps);
  });
}

type Asked = {
  readonly head: RequestHead;
  readonly found: Exclude<FoundSession, { kind: "malformed" }>;
  readonly agent: RoutedAgent;
  readonly index: RouteIndex;
};

function placeSessionOf(asked: Asked, deps: PlaceRequestDeps): Soon<Placement> {
  const { head, found, agent } = asked;
  const contact = contactOf(asked, deps);
  const { session, now } = contact;
  const { secrets } = deps;
  const presented = presentedPin(head, { route: agent.route, session, secrets, now });
  const override = presentedOverride(head, { agent, sessions: [found.session, session], secrets, now });
  if (override.kind === "unknown") return refused(refusals.overrideUnknown(override.override, agent));
  const contacted = { asked, contact, presented, override };
  const known = deps.pins.fresh(agent.route.agent, found.session);
  if (known !== null) return settle(contacted, known, deps);
  const wanted = wantedPin(contact, presented, override);
  const claimed = deps.pins.claim({ ...wanted, session: found.session }, agent.route.idleTimeoutMs);
  return claimed.then((pin) => settle(contacted, pin, deps));
}

type Contacted = {
  readonly asked: Asked;
  readonly contact: FirstContact;
  readonly presented: PresentedPin;
  readonly override: Exclude<PresentedOverride, { kind: "unknown" }>;
};

/** With the pin that the session has. */
function settle({ asked, contact, presented, override }: Contacted, pin: Pin, deps: PlaceRequestDeps): Placement {
  count(deps.counts, { presented, override, pin });
  if (override.kind === "valid" && pin.release !== override.release) {
    return refused(refusals.overrideTooLate(pin, override.override));
  }
  const current = deps.held.index() ?? asked.index;
  const release = current.agents.get(pin.agent)?.releases.get(pin.release);
  // A pin is never answered by another release than its own. It may be ahead of us: another gateway, which has the newer
  // table already, wrote it.
  if (release === undefined) {
    const isAhead = compareRevisions(pin.revision, current.table.revision) > 0;
    return refused(isAhead ? refusals.tableBehind(pin) : refusals.releaseGone(pin));
  }
  return placed({ asked, contact, presented, override, pin, release }, deps);
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
};

function placed(outcome: Outcome, deps: PlaceRequestDeps): Placement {
  const { contact, presented, override, pin, release } = outcome;
  const { head, found, agent } = outcome.asked;
  const { route } = agent;
  // Two first requests in the same millisecond both say so; whoever counts sessions counts each once.
  const isFirst = presented.kind !== "valid" && pin.assignedAt === contact.now && pin.gateway === deps.gateway;
  const isSignedWell = presented.kind === "valid" && isLasting(presented, { pin, route, now: contact.now });
  const signs = isFirst || (presented.kind !== "none" && !isSignedWell);
  return {
    kind: "placed",
    pin,
    route,
    release,
    agentPath: pathBelow(head, route),
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
  return presented.pin.release === pin.release && presented.expiresAt - now > 0.9 * route.idleTimeoutMs;
}

function sign(pin: Pin, { idleTimeoutMs }: AgentRoute, { now, secrets }: { now: number; secrets: PinSecrets }) {
  return { text: signPin(pin, now + idleTimeoutMs, secrets), ttlMs: idleTimeoutMs };
}

function contactOf({ found, agent, index }: Asked, deps: PlaceRequestDeps): FirstContact {
  const { route } = agent;
  return {
    route,
    session: deps.pins.sessionOf(route.agent, found.session),
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

type AgentAt =
  | { readonly kind: "agent"; readonly agent: RoutedAgent; readonly index: RouteIndex }
  | Extract<Placement, { kind: "refused" }>;

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
