import * as fc from "fast-check";
import { expect, test } from "vitest";
import { logChoose } from "../numeric/log-choose.ts";
import { StatsError } from "../numeric/error.ts";
import { logEvidenceRateBelow } from "./rate-below.ts";

function meanEvidence(sessions: number, rate: number, bound: number): number {
  let mean = 0;
  for (let bad = 0; bad <= sessions; bad += 1) {
    const logProbability = logChoose(sessions, bad) + bad * Math.log(rate) + (sessions - bad) * Math.log1p(-rate);
    mean += Math.exp(logProbability + logEvidenceRateBelow(sessions, bad, bound));
  }
  return mean;
}

test.each([1, 7, 60])("is worth 1 on average at the bound and less above it, over %d sessions", (sessions) => {
  expect(meanEvidence(sessions, 0.04, 0.04)).toBeCloseTo(1, 9);
  expect(meanEvidence(sessions, 0.06, 0.04)).toBeLessThan(1);
  expect(meanEvidence(sessions, 0.5, 0.04)).toBeLessThan(1);
});

test("bounds a rate by 4 % once about a hundred sessions passed without a bad one", () => {
  const needed = Array.from({ length: 300 }, (_, n) => n).find((n) => logEvidenceRateBelow(n, 0, 0.04) >= Math.log(20));
  expect(needed).toBeGreaterThan(73);
  expect(needed).toBeLessThan(120);
});

test("falls with every bad session, and starts at no evidence", () => {
  expect(logEvidenceRateBelow(0, 0, 0.04)).toBeCloseTo(0, 12);
  const evidence = Array.from({ length: 101 }, (_, bad) => logEvidenceRateBelow(100, bad, 0.04));
  expect(evidence).toEqual(evidence.toSorted((a, b) => b - a));
});

test("is finite for none, one in a million and all of ten million sessions", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 100, 1e7),
      fc.constantFrom(0, 1e-6, 0.5, 1),
      fc.constantFrom(1e-6, 0.04, 0.999),
      (n, p, bound) => {
        expect(Number.isFinite(logEvidenceRateBelow(n, Math.round(n * p), bound))).toBe(true);
      },
    ),
  );
});

test.each([
  [10, 0, 0],
  [10, 0, 1],
  [10, 11, 0.1],
  [10, -1, 0.1],
  [10, Number.NaN, 0.1],
])("refuses %d sessions with %d bad against %d", (sessions, bad, bound) => {
  expect(() => logEvidenceRateBelow(sessions, bad, bound)).toThrow(StatsError);
});
