import * as fc from "fast-check";
import { expect, test } from "vitest";
import { logChoose } from "./log-choose.ts";

/** Pascal's number by exact integers. */
function choose(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 1; i <= k; i += 1) result = (result * BigInt(n - k + i)) / BigInt(i);
  return result;
}

function logOf(value: bigint): number {
  const digits = value.toString();
  return Math.log(Number(digits.slice(0, 17))) + (digits.length - Math.min(17, digits.length)) * Math.LN10;
}

test("agrees with exact integers for up to 600 sessions", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 600 }), (a, b) => {
      const [n, k] = [Math.max(a, b), Math.min(a, b)];
      const exact = logOf(choose(n, k));
      expect(Math.abs(logChoose(n, k) - exact)).toBeLessThan(1e-13 * Math.max(10, exact));
    }),
  );
});

test("keeps small choices out of ten million exact", () => {
  expect(logChoose(1e7, 3)).toBeCloseTo(Math.log((1e7 * (1e7 - 1) * (1e7 - 2)) / 6), 12);
});

test("agrees with Stirling's central coefficient for ten million", () => {
  // C(2m, m) = 4^m / sqrt(π m) · (1 − 1/(8m) + …)
  const m = 5e6;
  const expected = m * Math.log(4) - 0.5 * Math.log(Math.PI * m) + Math.log1p(-1 / (8 * m));
  expect(logChoose(2 * m, m)).toBeCloseTo(expected, 7);
});

test("finds nothing to choose outside 0..n", () => {
  expect(logChoose(5, -1)).toBe(-Infinity);
  expect(logChoose(5, 6)).toBe(-Infinity);
  expect(logChoose(0, 0)).toBe(0);
});
