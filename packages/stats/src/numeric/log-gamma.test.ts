import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "./error.ts";
import { logGamma } from "./log-gamma.ts";

test.each([
  [0.5, Math.log(Math.sqrt(Math.PI))],
  [1, 0],
  [2, 0],
  [5, Math.log(24)],
  [1e-9, Math.log(1e9)],
  // ln 99! and ln (10⁶)! − ln 10⁶, from exact integers.
  [100, 359.1342053695754],
  [1e6, 12_815_504.569147611],
])("ln Γ(%d) has its published value", (x, expected) => {
  expect(logGamma(x)).toBeCloseTo(expected, x > 1e5 ? 7 : 8);
});

test("follows Γ(x + 1) = x Γ(x) from tiny arguments to huge ones", () => {
  fc.assert(
    fc.property(fc.double({ min: -12, max: 16, noNaN: true }), (exponent) => {
      const x = 10 ** exponent;
      const scale = Math.max(1, Math.abs(logGamma(x)));
      expect(Math.abs(logGamma(x + 1) - Math.log(x) - logGamma(x)) / scale).toBeLessThan(1e-13);
    }),
  );
});

test.each([0, -1, Number.NaN])("refuses %d instead of answering NaN", (x) => {
  expect(() => logGamma(x)).toThrow(StatsError);
});
