import { createMemoryServerState } from "@perch/adapters/in-memory";
import { parseGatewayId } from "@perch/domain";
import { aCanaryRoute, anAgentRoute } from "@perch/testkit";
import { expect, test } from "vitest";
import { createGatewayHub } from "./hub.ts";

const gateway = parseGatewayId("gw-1");
const LEASE_MS = 2000;

test("a gateway that was sent a weight counts as assigning by it for a whole lease, heard or not", async () => {
  let now = 0;
  const hub = await createGatewayHub({
    now: () => now,
    epoch: 1,
    state: createMemoryServerState(),
    leaseMs: LEASE_MS,
  });
  const first = hub.publish([anAgentRoute()], LEASE_MS);
  const disconnect = hub.connect(gateway, () => {});
  hub.acknowledge(gateway, first);
  now = 1900;
  hub.publish([anAgentRoute({ canary: aCanaryRoute() })], LEASE_MS);
  // It has the table now, and its acknowledgement is lost with the connection.
  disconnect();
  now = 2500;
  const back = hub.publish([anAgentRoute()], LEASE_MS);
  expect(hub.spreadOf(back).gateways).toEqual([{ gateway, ackedAt: null, fencedAt: null }]);
  now = 3900;
  expect(hub.spreadOf(back).gateways).toEqual([{ gateway, ackedAt: null, fencedAt: 3900 }]);
});
