import type { GatewayId } from "../routing/ids.ts";

/**
 * What a server has to remember beside its ledger. A change that has resolved survives a power cut. Every call throws
 * `LedgerError` `unavailable` where the store cannot be used.
 */
export interface ServerState {
  /**
   * 1 at the first call ever, one more at each later one: no two starts of a server get the same epoch. With `above` also
   * larger than that: a state that was restored from a copy does not know of epochs that came after it. With `held` only
   * the server that holds this epoch gets a new one: throws `LedgerError` `deposed` when it is not the newest any more.
   */
  nextEpoch(above?: number, held?: number): Promise<number>;
  /** Gateways that may still assign by a table of an earlier start, with the longest lease they can hold; by name. */
  knownGateways(): Promise<readonly { readonly gateway: GatewayId; readonly leaseMs: number }[]>;
  rememberGateway(gateway: GatewayId, leaseMs: number): Promise<void>;
  /** An unknown one is forgotten already. */
  forgetGateway(gateway: GatewayId): Promise<void>;
}
