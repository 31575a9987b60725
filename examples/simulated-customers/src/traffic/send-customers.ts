import { createCustomer, type Customer } from "../customer/customer.ts";
import { createRandom } from "../customer/random.ts";

export type Traffic = {
  readonly seed: number;
  readonly ratePerSecond: number;
  /** At this many conversations at once, arrivals wait: a queue without end would only hide an overload. */
  readonly maxInFlight: number;
  readonly maxSessions: number;
};

export type TrafficDeps = {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly inFlight: () => number;
  readonly isStopping: () => boolean;
  readonly arrive: (index: number, customer: Customer) => void;
};

const FULL_HOUSE_PAUSE_MS = 20;

/**
 * Lets customers arrive as a Poisson process whatever the answers take (open loop), until told to stop or the last one
 * came. When the house is full the clock of arrivals stands still, so the rate drops instead of a backlog growing.
 */
export async function sendCustomers(traffic: Traffic, deps: TrafficDeps): Promise<void> {
  const random = createRandom(traffic.seed);
  let nextAt = deps.now();
  for (let index = 0; index < traffic.maxSessions; index += 1) {
    nextAt += (-Math.log(1 - random()) / traffic.ratePerSecond) * 1000;
    while (nextAt > deps.now() && !deps.isStopping()) await deps.sleep(Math.max(1, Math.min(100, nextAt - deps.now())));
    while (deps.inFlight() >= traffic.maxInFlight && !deps.isStopping()) {
      await deps.sleep(FULL_HOUSE_PAUSE_MS);
      nextAt = deps.now();
    }
    if (deps.isStopping()) return;
    deps.arrive(index, createCustomer(traffic.seed, index));
  }
}
