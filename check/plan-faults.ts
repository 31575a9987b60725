import type { Random } from "../fuzz/random.ts";
import { between, deal } from "./draw.ts";

export type StoreKind = "sqlite" | "redis";

export type FaultAction =
  | "killGateway"
  | "killServer"
  /** Gateway and server: connections break; nothing comes through; a lease comes through late, and nothing after it. */
  | "cutServer"
  | "stallServer"
  | "lateLease"
  | "delayServer"
  /** The store is killed, and comes back with what it knew, or without. */
  | "killStore"
  | "emptyStore"
  | "freezeStore"
  /** One gateway and the store. */
  | "cutStore"
  | "stallStore"
  | "lockStore";

export type PlannedFault = {
  /** So many sessions have begun. */
  readonly at: number;
  readonly action: FaultAction;
  readonly gateway: number;
  readonly ms: number;
};

const OF_EVERY_STORE: readonly FaultAction[] = [
  "killGateway",
  "killGateway",
  "killServer",
  "cutServer",
  "stallServer",
  "lateLease",
  "delayServer",
];
const OF_STORE: Readonly<Record<StoreKind, readonly FaultAction[]>> = {
  sqlite: ["lockStore"],
  redis: ["killStore", "emptyStore", "freezeStore", "cutStore", "stallStore"],
};

/** Shortest and longest time of each, in milliseconds. */
const LASTS: Readonly<Record<FaultAction, readonly [number, number]>> = {
  killGateway: [0, 2500],
  killServer: [0, 3500],
  cutServer: [300, 5000],
  stallServer: [300, 5000],
  lateLease: [900, 1700],
  delayServer: [500, 3000],
  killStore: [0, 2500],
  emptyStore: [0, 1500],
  freezeStore: [100, 3000],
  cutStore: [200, 3000],
  stallStore: [200, 3000],
  // Longer than five seconds, and SQLite gives up: that would be a broken disk, not a busy one.
  lockStore: [50, 1500],
};
const SESSIONS_PER_FAULT = 2000;

export function planFaults(
  { sessions, store, gateways }: { readonly sessions: number; readonly store: StoreKind; readonly gateways: number },
  random: Random,
): PlannedFault[] {
  const actions = [...OF_EVERY_STORE, ...OF_STORE[store]];
  const count = Math.max(actions.length, Math.round(sessions / SESSIONS_PER_FAULT));
  const dealt = deal(actions, random);
  return Array.from({ length: count }, (_, index) => {
    const action = dealt.next().value;
    const [least, most] = LASTS[action];
    // Somewhere in its share of the run, after the first few sessions.
    const at = Math.floor(((index + 0.2 + random(800) / 1000) / (count + 0.5)) * sessions);
    return { at, action, gateway: random(gateways), ms: between(least, most, random) };
  });
}
