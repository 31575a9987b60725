import * as fc from "fast-check";
import { expect, test } from "vitest";
import { expit, logit } from "./logit.ts";

test("turns a probability into log odds and back, one in a million included", () => {
  fc.assert(
    fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (logOdds) => {
      expect(logit(expit(logOdds))).toBeCloseTo(logOdds, logOdds > 15 ? 1 : 8);
    }),
  );
  expect(expit(logit(1e-6))).toBeCloseTo(1e-6, 18);
});

test("saturates instead of overflowing", () => {
  expect(expit(-1e6)).toBe(0);
  expect(expit(1e6)).toBe(1);
  expect(logit(0)).toBe(-Infinity);
  expect(logit(1)).toBe(Infinity);
});
