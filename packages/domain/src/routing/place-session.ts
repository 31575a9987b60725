import { assign } from "./assign.ts";
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
  };
}
