import type { Digest } from "../release/digest.ts";
import { assign, bucketOf } from "./assign.ts";
import type { GatewayId, SessionId } from "./ids.ts";
import type { Pin } from "./pin-store.ts";
import type { AgentRoute, Revision } from "./routing-table.ts";
import { untargeted, type Targeting } from "./targeting.ts";

/** What the strategy of the rollout in `targeting` draws a session by; a key of null leaves it out. */
export type Candidate = {
  readonly key: { readonly kind: "session" } | { readonly kind: "user"; readonly id: string } | null;
  readonly targeting: Targeting;
};

export type FirstContact = {
  readonly route: AgentRoute;
  readonly session: SessionId;
  /** What the request was found to say for its rollout's strategy; null where sessions themselves are drawn. */
  readonly candidate: Candidate | null;
  readonly revision: Revision;
  readonly gateway: GatewayId;
  readonly leaseExpired: boolean;
  readonly now: number;
};

/** The pin to claim for a session, should it have none. Either arm is pinned, with everything that explains it. */
export function placeSession(contact: FirstContact): Pin {
  const { route, session, revision, gateway } = contact;
  const { key, targeting } = drawn(contact);
  const { release, arm, canary, bucket } = assign(route, key, contact.leaseExpired);
  return {
    agent: route.agent,
    session,
    release,
    arm,
    rollout: canary?.rollout ?? null,
    step: canary?.step ?? null,
    weightBp: canary?.weightBp ?? null,
    bucket,
    seed: bucket === null ? null : (route.canary?.seed ?? null),
    revision,
    gateway,
    assignedAt: contact.now,
    override: null,
    shadow: arm === "baseline" ? shadowOf(contact) : null,
    targeting,
    moved: null,
  };
}

/** By the same bucket as everything else of the rollout. A gateway whose lease has run out begins no shadow. */
function shadowOf({ route, session, leaseExpired }: FirstContact): Pin["shadow"] {
  const { mirror } = route;
  if (mirror === null || leaseExpired) return null;
  if (bucketOf(mirror.seed, session) >= mirror.percentageBp) return null;
  return { rollout: mirror.rollout, release: mirror.release };
}

/** What was found for another rollout than the one under way now counts for nothing: the session is left out. */
function drawn({ route, session, candidate }: FirstContact): { key: string | null; targeting: Targeting | null } {
  const { canary } = route;
  if (canary === null || canary.strategy.kind === "session") return { key: session, targeting: null };
  if (candidate === null || candidate.targeting.rollout !== canary.rollout) {
    return { key: null, targeting: untargeted(canary.rollout, canary.strategy) };
  }
  const { key, targeting } = candidate;
  return { key: key === null ? null : key.kind === "user" ? key.id : session, targeting };
}

/**
 * The pin of a session whose release a token chose. It belongs to no rollout: whoever comes by override was not drawn, so
 * nothing can be concluded from it.
 */
export function placeByOverride(contact: FirstContact, release: Digest, token: string): Pin {
  const { route, session, revision, gateway } = contact;
  return {
    agent: route.agent,
    session,
    release,
    arm: release === route.canary?.release ? "canary" : "baseline",
    rollout: null,
    step: null,
    weightBp: null,
    bucket: null,
    seed: null,
    revision,
    gateway,
    assignedAt: contact.now,
    override: token,
    shadow: null,
    targeting: null,
    moved: null,
  };
}
