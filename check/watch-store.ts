import type { Fault } from "./history.ts";
import type { RelayWatch } from "./relay.ts";

/** A gateway waits half a second for the store: whatever comes near that may have been too long. */
const SLOW_MS = 250;
const LOOK_EVERY_MS = 20;
/** A gateway tells of a store that fails once in so long. */
const TOLD_ONCE_IN_MS = 10_000;

export type StoreWatch = {
  readonly watch: (gateway: string) => RelayWatch;
  /** A line of a gateway's own log. */
  readonly onLog: (gateway: string, line: string) => void;
  readonly stop: () => void;
};

/** Notices when the store answers late although nobody has broken it: seen on the wire, or told by a gateway. */
export function createStoreWatch(record: (fault: Fault) => void, now: () => number): StoreWatch {
  // While this process stands still, so does every way through it.
  let looked = now();
  const timer = setInterval(() => {
    if (now() - looked > SLOW_MS) record({ kind: "storeSlow", gateway: null, from: looked, to: now() });
    looked = now();
  }, LOOK_EVERY_MS);
  return {
    watch(gateway) {
      const asked = new Map<number, number>();
      return {
        arrived(direction, connection) {
          if (direction === "toTarget" && !asked.has(connection)) asked.set(connection, now());
        },
        passed(direction, connection) {
          const from = asked.get(connection);
          if (direction === "toTarget" || from === undefined) return;
          asked.delete(connection);
          if (now() - from > SLOW_MS) record({ kind: "storeSlow", gateway, from, to: now() });
        },
      };
    },
    onLog(gateway, line) {
      if (!line.includes("the pin store failed")) return;
      record({ kind: "storeSlow", gateway, from: now() - 1000, to: now() + TOLD_ONCE_IN_MS });
    },
    stop: () => clearInterval(timer),
  };
}
