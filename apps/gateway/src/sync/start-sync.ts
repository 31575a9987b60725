import { createAcknowledger } from "./acknowledger.ts";
import { followTable, type FollowTableDeps } from "./follow-table.ts";
import type { ServerLink } from "./server-link.ts";
import type { TableFile } from "../table/table-file.ts";
import { flushTurns, shipTurns, type TurnShipperDeps } from "../turns/turn-shipper.ts";

export type SyncDeps = Omit<FollowTableDeps, "acknowledger" | "link"> &
  Pick<TurnShipperDeps, "outbox"> & { readonly link: ServerLink; readonly file: TableFile };

/** Both directions between gateway and server: tables in, acknowledgements and turn records out. */
export function startSync(deps: SyncDeps): { stop(flushMs: number): Promise<void> } {
  const stopping = new AbortController();
  const acknowledger = createAcknowledger(deps);
  const following = followTable({ ...deps, acknowledger }, stopping.signal);
  const shipping = shipTurns(deps, stopping.signal);
  return {
    async stop(flushMs) {
      stopping.abort();
      await Promise.all([following, shipping, acknowledger.stop()]);
      await flushTurns(deps, AbortSignal.timeout(flushMs));
    },
  };
}
