import type { TurnUnderWay } from "../moves/under-way.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { CachedPinStore } from "./cached-pin-store.ts";

export type KeepPinsDeps = {
  readonly underWay: Iterable<TurnUnderWay>;
  readonly pins: Pick<CachedPinStore, "claim">;
  readonly held: Pick<HeldTable, "index">;
  readonly now: () => number;
};

/** So often within the idle timeout: one that the store misses is no harm. */
const RENEWALS = 3;

/**
 * A session is not idle while a turn of it is under way: its pin is renewed, however long the answer takes. Without that a
 * second request would be placed anew, and the release would count as left. The answer is to be called every second.
 */
export function createPinKeeper({ underWay, pins, held, now }: KeepPinsDeps): () => void {
  const renewedAt = new WeakMap<TurnUnderWay, number>();
  return () => {
    for (const turn of underWay) {
      const since = renewedAt.get(turn) ?? null;
      // Its pin was claimed when it began, which is less than a second ago.
      if (since === null) renewedAt.set(turn, now());
      const idleTimeoutMs = held.index()?.agents.get(turn.pin.agent)?.route.idleTimeoutMs ?? null;
      if (since === null || idleTimeoutMs === null || now() - since < idleTimeoutMs / RENEWALS) continue;
      renewedAt.set(turn, now());
      // Without the store it is remembered here, and written later.
      void pins.claim(turn.pin, idleTimeoutMs);
    }
  };
}
