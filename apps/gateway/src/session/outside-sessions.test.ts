import { parseGatewayId } from "@perch/domain";
import { aCanaryRoute, aMirrorRoute, anAgentRoute } from "@perch/testkit";
import { expect, test } from "vitest";
import { placeOutside } from "./outside-sessions.ts";

test("what belongs to no session meets the current release and is not mirrored, whatever the shares are", () => {
  const contact = {
    revision: { epoch: 1, sequence: 1 },
    gateway: parseGatewayId("gw-1"),
    leaseExpired: false,
    now: 0,
  };
  for (const change of [
    { canary: aCanaryRoute({ weightBp: 10_000 }) },
    { mirror: aMirrorRoute({ percentageBp: 10_000 }) },
  ]) {
    const route = anAgentRoute(change);
    expect(placeOutside({ ...contact, route })).toMatchObject({ release: route.current, rollout: null, shadow: null });
  }
});
