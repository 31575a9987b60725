import { deposedBy, type GatewayId, type ServerState } from "@perch/domain";

/** With the newest epoch, by which a ledger in memory knows who may append. */
export type MemoryServerState = ServerState & { epoch(): number };

/** State that lasts as long as the process. */
export function createMemoryServerState(): MemoryServerState {
  const known = new Map<GatewayId, number>();
  let epoch = 0;
  return {
    epoch: () => epoch,
    async nextEpoch(above = 0, held = epoch) {
      if (held !== epoch) throw deposedBy(epoch, held);
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
