import type { GatewayId, RequestHead } from "@perch/domain";
import { placeOutside } from "./outside-sessions.ts";
import { releaseHeaders } from "./own-headers.ts";
import { pathBelow, refused, type Placement, type Routed } from "./placement.ts";
import * as refusals from "./refusals.ts";

type OutsideDeps = { readonly gateway: GatewayId; readonly now: () => number };

/** Where a request goes that is no turn of any session. */
export function outside(head: RequestHead, { agent, index }: Routed, deps: OutsideDeps): Placement {
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
