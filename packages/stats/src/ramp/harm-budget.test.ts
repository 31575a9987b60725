import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { nextWeight, worstHarm } from "./harm-budget.ts";

const budget = { tolerated: 25, windows: 12 };

test("doubles at most, holds while the worst that is believed would cost the budget, and never leaves 5 to 50 %", () => {
  expect(nextWeight(0.05, { sessionsPerWindow: 100, upperExcess: 0.02 }, budget)).toBe(0.1);
  expect(nextWeight(0.1, { sessionsPerWindow: 100, upperExcess: 0.2 }, budget)).toBeCloseTo(25 / 240, 12);
  expect(nextWeight(0.4, { sessionsPerWindow: 100, upperExcess: 0.001 }, budget)).toBe(0.5);
  expect(nextWeight(0.4, { sessionsPerWindow: 1e6, upperExcess: 1 }, budget)).toBe(0.05);
  expect(nextWeight(0.2, { sessionsPerWindow: 0, upperExcess: 0.5 }, budget)).toBe(0.4);
});

test("is a weight whatever it is told, and its worst harm keeps to the budget above the least weight", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      share,
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (weight, sessionsPerWindow, upperExcess) => {
        const next = nextWeight(weight, { sessionsPerWindow, upperExcess }, budget);
        expect(next >= 0.05 && next <= 0.5).toBe(true);
        if (next > 0.05) expect(worstHarm(next, { sessionsPerWindow, upperExcess }, 12)).toBeLessThanOrEqual(25 + 1e-6);
      },
    ),
  );
});

test("refuses a weight in per cent", () => {
  expect(() => nextWeight(5, { sessionsPerWindow: 1, upperExcess: 0 }, budget)).toThrow(StatsError);
});
