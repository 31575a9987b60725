import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./history.ts";
import type { FaultAction } from "./plan-faults.ts";
import type { Relay, RelayMode } from "./relay.ts";
import type { World } from "./world.ts";

export type FaultOrder = { readonly action: FaultAction; readonly gateway: number; readonly ms: number };

/** Breaks things, mends them again, and writes down when. What is broken already is broken again only when mended. */
export type Faults = {
  inflict(order: FaultOrder): Promise<void>;
  /** Resolves when everything is as it was. */
  mended(): Promise<void>;
  counts(): Readonly<Record<string, number>>;
};

const LATE_LEASE_CUT_MS = 3000;
const DELAY_MS = 300;

export type FaultsDeps = { readonly world: World; readonly record: (fault: Fault) => void; readonly now: () => number };

export function createFaults(deps: FaultsDeps): Faults {
  const counts: Record<string, number> = {};
  const queues = new Map<string, Promise<void>>();
  const actions = createActions(deps);
  return {
    inflict(order) {
      counts[order.action] = (counts[order.action] ?? 0) + 1;
      const thing = thingOf(order);
      const done = (queues.get(thing) ?? Promise.resolve()).then(() => actions[order.action](order));
      queues.set(thing, done);
      return done;
    },
    mended: async () => void (await Promise.all(queues.values())),
    counts: () => counts,
  };
}

/** What a fault needs for itself. */
function thingOf({ action, gateway }: FaultOrder): string {
  if (action === "killGateway") return `gateway ${gateway}`;
  if (action === "killServer") return "server";
  if (action === "cutStore" || action === "stallStore") return `way to the store ${gateway}`;
  return action.endsWith("Store") ? "store" : `way to the server ${gateway}`;
}

type Action = (order: FaultOrder) => Promise<void>;
type Way = "toServer" | "toStore";
type During = (kind: Fault["kind"], gateway: string | null, run: () => Promise<void>) => Promise<void>;

function createActions({ world, record, now }: FaultsDeps): Readonly<Record<FaultAction, Action>> {
  const idOf = (gateway: number): string => world.gateways[gateway]?.id ?? "";

  const during: During = async (kind, gateway, run) => {
    const from = now();
    await run();
    record({ kind, gateway, from, to: now() });
  };
  const onWay = (to: Way, mode: RelayMode) => onWayTo(to, mode, { world, during });
  return {
    killGateway: ({ gateway, ms }) =>
      during("gatewayDown", idOf(gateway), async () => {
        await world.gateways[gateway]?.process.kill();
        await delay(ms);
        await world.gateways[gateway]?.process.start();
      }),
    killServer: ({ ms }) =>
      during("serverDown", null, async () => {
        await world.server.kill();
        await delay(ms);
        await world.server.start();
      }),
    cutServer: onWay("toServer", { kind: "cut" }),
    stallServer: onWay("toServer", { kind: "stall" }),
    delayServer: onWay("toServer", { kind: "delay", ms: DELAY_MS }),
    lateLease: ({ gateway, ms }) =>
      during("partition", idOf(gateway), () => lateLease(world.gateways[gateway]?.toServer, ms)),
    killStore: ({ ms }) => during("storeAway", null, () => restart(world, ms, false)),
    emptyStore: async ({ ms }) => {
      const from = now();
      await during("storeAway", null, () => restart(world, ms, true));
      record({ kind: "storeEmptied", gateway: null, from, to: now() });
    },
    freezeStore: ({ ms }) => during("storeAway", null, () => freeze(world, ms)),
    cutStore: onWay("toStore", { kind: "cut" }),
    stallStore: onWay("toStore", { kind: "stall" }),
    lockStore: ({ ms }) => during("storeLocked", null, () => lock(world.databases[0] ?? "", ms)),
  };
}

/** Something happens to whatever goes between one gateway and the server, or the store. */
function onWayTo(
  to: Way,
  mode: RelayMode,
  { world, during }: { readonly world: World; readonly during: During },
): Action {
  return async ({ gateway, ms }) => {
    const found = world.gateways[gateway];
    await during(to === "toServer" ? "partition" : "storeAway", found?.id ?? "", async () => {
      found?.[to]?.set(mode);
      await delay(ms);
      found?.[to]?.set({ kind: "pass" });
    });
  };
}

async function restart({ redis }: World, ms: number, forgets: boolean): Promise<void> {
  await redis?.kill();
  await delay(ms);
  await redis?.restart({ forgets });
}

/** A lease that was sent in time arrives late, and whatever was sent after it never does. */
async function lateLease(relay: Relay | undefined, ms: number): Promise<void> {
  relay?.set({ kind: "stall" });
  await delay(ms);
  relay?.letOneThrough();
  await delay(20);
  relay?.set({ kind: "cut" });
  await delay(LATE_LEASE_CUT_MS);
  relay?.set({ kind: "pass" });
}

async function freeze({ redis }: World, ms: number): Promise<void> {
  if (redis === null) return;
  process.kill(redis.pid(), "SIGSTOP");
  await delay(ms);
  process.kill(redis.pid(), "SIGCONT");
}

/** Somebody else writes to the gateways' database for so long. */
async function lock(file: string, ms: number): Promise<void> {
  const database = new DatabaseSync(file, { timeout: 1000 });
  try {
    database.exec("BEGIN IMMEDIATE");
    await delay(ms);
    database.exec("ROLLBACK");
  } finally {
    database.close();
  }
}
