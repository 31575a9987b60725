import { createRandom, type Random } from "../fuzz/random.ts";
import { planFaults, type PlannedFault, type StoreKind } from "./plan-faults.ts";
import { planRollouts, type PlannedRollout } from "./plan-rollouts.ts";

/** Everything that is decided beforehand. Moments are counts of sessions begun, so that a slow machine meets the same run. */
export type Plan = {
  readonly seed: number;
  readonly store: StoreKind;
  readonly sessions: number;
  readonly sessionsPerSecond: number;
  readonly gateways: readonly PlannedGateway[];
  readonly rollouts: readonly PlannedRollout[];
  readonly faults: readonly PlannedFault[];
};

export type PlannedGateway = {
  readonly id: string;
  /** How far its date is off at the start. */
  readonly offsetMs: number;
  /** By how much of each second its clocks run too fast. */
  readonly drift: number;
};

export const LARGEST_DRIFT = 0.01;
const LARGEST_OFFSET_MS = 3000;
const GATEWAYS = 3;
const SHORTEST_SECONDS = 30;
const MOST_SESSIONS_PER_SECOND = 1000;

/** The same plan for the same numbers. What the processes then make of it, at the same time, is up to the machine. */
export function drawPlan({ seed, store, sessions }: Pick<Plan, "seed" | "store" | "sessions">): Plan {
  const random = (what: string): Random => createRandom(`${seed} ${store} ${what}`);
  return {
    seed,
    store,
    sessions,
    sessionsPerSecond: Math.min(MOST_SESSIONS_PER_SECOND, sessions / SHORTEST_SECONDS),
    gateways: drawGateways(random("gateways")),
    rollouts: planRollouts(sessions, random("rollouts")),
    faults: planFaults({ sessions, store, gateways: GATEWAYS }, random("faults")),
  };
}

function drawGateways(random: Random): PlannedGateway[] {
  const between = (most: number): number => ((random(2001) - 1000) / 1000) * most;
  return Array.from({ length: GATEWAYS }, (_, index) => ({
    id: `gw-${index + 1}`,
    // One clock is right.
    offsetMs: index === 0 ? 0 : Math.round(between(LARGEST_OFFSET_MS)),
    drift: index === 0 ? 0 : between(LARGEST_DRIFT),
  }));
}
