import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sendCustomers, type Traffic } from "./send-customers.ts";

const FORTY_A_SECOND: Traffic = { seed: 1, ratePerSecond: 40, maxInFlight: 1_000_000, maxSessions: 4000 };

test("customers arrive at the wanted rate, unevenly, as people do", async () => {
  const arrivals = await play(FORTY_A_SECOND, { serviceMs: 50 });
  const seconds = (arrivals.at(-1)?.at ?? 0) / 1000;
  expect(arrivals.length / seconds).toBeGreaterThan(38);
  expect(arrivals.length / seconds).toBeLessThan(42);
  const gaps = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? 0));
  const meanGap = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  // Of exponential gaps, 37 % are longer than the mean; of even ones, about half or none.
  expect(gaps.filter((gap) => gap > meanGap).length / gaps.length).toBeCloseTo(0.37, 1);
});

test("the same seed sends the same customers at the same times", async () => {
  const few = { ...FORTY_A_SECOND, maxSessions: 200 };
  expect(await play(few, { serviceMs: 50 })).toEqual(await play(few, { serviceMs: 50 }));
});

test("never more conversations at once than allowed, whatever the rate", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 500 }), async (maxInFlight, rate) => {
      const traffic = { seed: 3, ratePerSecond: rate, maxInFlight, maxSessions: 100 };
      const arrivals = await play(traffic, { serviceMs: 1000 });
      expect(Math.max(...arrivals.map(({ inFlight }) => inFlight))).toBeLessThanOrEqual(maxInFlight);
    }),
    { numRuns: 30 },
  );
});

test("a system that cannot follow is met with fewer customers, not with a backlog", async () => {
  const traffic = { seed: 1, ratePerSecond: 100, maxInFlight: 10, maxSessions: 500 };
  const arrivals = await play(traffic, { serviceMs: 1000 });
  const seconds = (arrivals.at(-1)?.at ?? 0) / 1000;
  expect(arrivals.length / seconds).toBeLessThan(12);
});

test("nobody arrives after the word to stop", async () => {
  const arrivals = await play(FORTY_A_SECOND, { serviceMs: 50, stopAt: 1000 });
  expect(arrivals.every(({ at }) => at <= 1000)).toBe(true);
});

type Arrival = { readonly orderId: string; readonly at: number; readonly inFlight: number };

/** Runs on a clock that only sleeping moves; each conversation takes the same time. */
async function play(
  traffic: Traffic,
  { serviceMs, stopAt = Number.POSITIVE_INFINITY }: { serviceMs: number; stopAt?: number },
): Promise<readonly Arrival[]> {
  let clock = 0;
  let leaving: readonly number[] = [];
  const arrivals: Arrival[] = [];
  const inFlight = () => {
    leaving = leaving.filter((at) => at > clock);
    return leaving.length;
  };
  await sendCustomers(traffic, {
    now: () => clock,
    sleep: (ms) => {
      clock += ms;
      return Promise.resolve();
    },
    inFlight,
    isStopping: () => clock > stopAt,
    arrive: (_, { orderId }) => {
      leaving = [...leaving, clock + serviceMs];
      arrivals.push({ orderId, at: clock, inFlight: inFlight() });
    },
  });
  return arrivals;
}
