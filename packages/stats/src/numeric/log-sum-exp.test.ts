import { expect, test } from "vitest";
import { logSumExp } from "./log-sum-exp.ts";

test("adds terms far outside the range of a double", () => {
  expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 12);
  expect(logSumExp([-2000, -2001])).toBeCloseTo(-2000 + Math.log1p(Math.exp(-1)), 12);
});

test("takes nothing, and terms that are nothing, as a sum of zero", () => {
  expect(logSumExp([])).toBe(-Infinity);
  expect(logSumExp([-Infinity, -Infinity])).toBe(-Infinity);
  expect(logSumExp([-Infinity, 3])).toBe(3);
});
