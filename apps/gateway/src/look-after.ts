import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Mirror } from "./mirror/create-mirror.ts";
import type { Moving } from "./moves/create-moving.ts";
import type { Pins } from "./pins/open-pin-store.ts";
import type { UpstreamPools } from "./proxy/upstream-pools.ts";
import type { HeldTable } from "./table/held-table.ts";

const FORGET_AT_ONCE = 1000;

type LookedAfter = {
  readonly held: HeldTable;
  readonly pins: Pins;
  readonly pools: Pick<UpstreamPools, "sweep">;
  readonly moving: Pick<Moving, "look">;
  readonly mirror: Pick<Mirror, "review">;
  readonly log: Log;
};

/** What is looked after once a second: whether the lease ran out, old connections, pins of turns under way, expired ones, and those not yet written. */
export function createLookAfter({ held, pins, pools, moving, mirror, log }: LookedAfter): () => void {
  let wasFenced: boolean | null = null;
  return () => {
    const isFenced = held.isFenced();
    if (isFenced !== wasFenced) {
      if (isFenced) log.warn("no lease from the server: new sessions go to the baseline only");
      else log.info("the server's lease is valid: new sessions are assigned by weight");
    }
    wasFenced = isFenced;
    pools.sweep();
    mirror.review();
    moving.look();
    void pins.cached.catchUp();
    pins.store
      .forgetExpired(FORGET_AT_ONCE)
      .catch((error: unknown) => log.warn("expired pins cannot be deleted", { reason: reasonOf(error) }));
  };
}
