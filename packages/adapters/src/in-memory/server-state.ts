import type { GatewayId, ServerState } from "@perch/domain";

/** State that lasts as long as the process. */
export function createMemoryServerState(): ServerState {
  const known = new Map<GatewayId, number>();
  let epoch = 0;
  return {
    async nextEpoch(above = 0) {
      epoch = Math.max(epoch, above) + 1;
      return epoch;
    },
    async knownGateways() {
      return [...known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([gateway, leaseMs]) => ({ gateway, leaseMs }));
    },
    async rememberGateway(gateway, leaseMs) {
      known.set(gateway, leaseMs);
    },
    async forgetGateway(gateway) {
      known.delete(gateway);
    },
  };
}
