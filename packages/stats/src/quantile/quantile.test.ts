import { expect, test } from "vitest";
import { observeBetting, openBettingTest } from "../mean/betting-test.ts";
import { StatsError } from "../numeric/error.ts";
import { logLatencyEvidence } from "./latency-evidence.ts";
import { quantileInterval, quantileOf } from "./quantile-interval.ts";
import { shiftedOrder } from "./shifted-order.ts";

function uniform(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

test("the interval holds the true 95th percentile at every look, as often as it says", () => {
  const random = uniform(3);
  let escaped = 0;
  for (let run = 0; run < 200; run += 1) {
    const seen: number[] = [];
    let hasEscaped = false;
    for (let look = 0; look < 8; look += 1) {
      for (let i = 0; i < 50; i += 1) seen.push(random());
      const { low, high } = quantileInterval(
        seen.toSorted((a, b) => a - b),
        0.95,
        { alpha: 0.05, strength: 40 },
      );
      hasEscaped ||= low > 0.95 || high < 0.95;
    }
    escaped += hasEscaped ? 1 : 0;
  }
  expect(escaped).toBeLessThanOrEqual(10);
});

test("the interval narrows around the sample's own quantile, and is open where values are few", () => {
  const values = Array.from({ length: 100_000 }, (_, i) => i / 100_000);
  const wide = quantileInterval(values.slice(0, 10), 0.95, { alpha: 0.05, strength: 800 });
  expect(wide.high).toBe(Infinity);
  const { low, high } = quantileInterval(values, 0.95, { alpha: 0.05, strength: 800 });
  expect(low).toBeLessThan(0.95);
  expect(high).toBeGreaterThan(0.95);
  expect(high - low).toBeLessThan(0.006);
  expect(quantileInterval([], 0.5, { alpha: 0.05, strength: 40 })).toEqual({ low: -Infinity, high: Infinity });
});

test("a quantile is the smallest value that enough do not exceed", () => {
  expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2);
  expect(quantileOf([1, 2, 3, 4], 0.95)).toBe(4);
  expect(quantileOf([7], 0.01)).toBe(7);
});

test("an order is 1 above all, −1 below all, 0 in the middle of equals", () => {
  expect(shiftedOrder({ canary: 9, baseline: [1, 2] })).toBe(1);
  expect(shiftedOrder({ canary: 0, baseline: [1, 2] })).toBe(-1);
  expect(shiftedOrder({ canary: 1, baseline: [1, 1] })).toBe(0);
});

test("finds a shift of latency by order, and none between equals", () => {
  const random = uniform(21);
  const run = (shift: number): number => {
    let state = openBettingTest(-1);
    for (let n = 0; n < 400; n += 1) {
      const baseline = Array.from({ length: 19 }, random);
      state = observeBetting(state, shiftedOrder({ canary: random() + shift, baseline }));
    }
    return state.peakLogE;
  };
  expect(run(0.2)).toBeGreaterThan(Math.log(100));
  expect(Array.from({ length: 100 }, () => run(0)).filter((e) => e >= Math.log(100)).length).toBeLessThanOrEqual(3);
});

test("latency evidence is half the mean of the tails and half the shift", () => {
  const e = logLatencyEvidence({ exceedance: [Math.log(4), Math.log(1), Math.log(1)], shift: Math.log(8) });
  expect(Math.exp(e)).toBeCloseTo(0.5 * 2 + 0.5 * 8, 12);
  expect(logLatencyEvidence({ exceedance: [], shift: 3 })).toBe(3);
});

test("refuses a percentile in per cent", () => {
  expect(() => quantileInterval([1], 95, { alpha: 0.05, strength: 40 })).toThrow(StatsError);
});
