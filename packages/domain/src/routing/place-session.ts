import type { Digest } from "../release/digest.ts";
import { assign, bucketOf } from "./assign.ts";
import type { GatewayId, SessionId } from "./ids.ts";
import type { Pin } from "./pin-store.ts";
import type { AgentRoute, Revision } from "./routing-table.ts";

export type FirstContact = {
  readonly route: AgentRoute;
  readonly session: SessionId;
  readonly revision: Revision;
  readonly gateway: GatewayId;
  readonly leaseExpired: boolean;
  readonly now: number;
};

/** The pin to claim for a session, should it have none. Either arm is pinned, with everything that explains it. */
export function placeSession(contact: FirstContact): Pin {
  const { route, session, revision, gateway } = contact;
  const { release, arm, canary, bucket } = assign(route, session, contact.leaseExpired);
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
  };
}

/** By the same bucket as everything else of the rollout. A gateway whose lease has run out begins no shadow. */
function shadowOf({ route, session, leaseExpired }: FirstContact): Pin["shadow"] {
  const { mirror } = route;
  if (mirror === null || leaseExpired) return null;
  if (bucketOf(mirror.seed, session) >= mirror.percentageBp) return null;
  return { rollout: mirror.rollout, release: mirror.release };
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
  };
}
