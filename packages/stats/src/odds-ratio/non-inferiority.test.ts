import * as fc from "fast-check";
import { expect, test } from "vitest";
import { logChoose } from "../numeric/log-choose.ts";
import { blockLogLikelihood } from "./block-log-likelihood.ts";
import type { BlockCounts } from "./block-counts.ts";
import { logEvidenceBelowMargin, upperOddsRatio } from "./non-inferiority.ts";
import { createOddsGrid } from "./odds-grid.ts";

/** 8 % and 4 points more: logit 0.12 − logit 0.08. */
const MARGIN = Math.log(0.12 / 0.88) - Math.log(0.08 / 0.92);
const GRID = createOddsGrid([MARGIN]);

function evidence(counts: BlockCounts, margin: number): number {
  return logEvidenceBelowMargin(GRID, blockLogLikelihood(counts, GRID.logOdds), margin);
}

function healthy(times: number): BlockCounts {
  return { baselineSessions: 95 * times, baselineBad: 8 * times, canarySessions: 25 * times, canaryBad: 2 * times };
}

test.each([MARGIN, 0.9, 2])(
  "is worth at most 1 on average when the log odds ratio is %d, the margin or more",
  (truth) => {
    for (const [nb, nc, bad] of [
      [38, 5, 6],
      [10, 10, 7],
      [3, 20, 12],
    ] as const) {
      let mean = 0;
      let total = 0;
      for (let k = Math.max(0, bad - nb); k <= Math.min(nc, bad); k += 1) {
        const weight = Math.exp(logChoose(nc, k) + logChoose(nb, bad - k) + truth * k);
        const counts = { baselineSessions: nb, baselineBad: bad - k, canarySessions: nc, canaryBad: k };
        mean += weight * Math.exp(evidence(counts, MARGIN));
        total += weight;
      }
      expect(mean / total).toBeLessThanOrEqual(1 + 1e-9);
      // Exactly 1 at the margin itself: nothing is given away.
      expect(truth > MARGIN || Math.abs(mean / total - 1) < 1e-9).toBe(true);
    }
  },
);

test("accepts 8 % against 8 % within 4 points after some hundred canary sessions, not after fifty", () => {
  expect(evidence(healthy(2), MARGIN)).toBeLessThan(Math.log(20));
  expect(evidence(healthy(30), MARGIN)).toBeGreaterThan(Math.log(20));
});

test("shrinks the upper odds ratio towards the truth as evidence grows, and finds none at first", () => {
  const upper = (times: number) => upperOddsRatio(GRID, blockLogLikelihood(healthy(times), GRID.logOdds), 0.05);
  expect(
    upperOddsRatio(
      GRID,
      GRID.logOdds.map(() => 0),
      0.05,
    ),
  ).toBeNull();
  const bounds = [2, 6, 20, 100].map((times) => upper(times) ?? Infinity);
  expect(bounds).toEqual(bounds.toSorted((a, b) => b - a));
  expect(bounds[3]).toBeGreaterThan(1);
  expect(bounds[3]).toBeLessThan(1.4);
});

test("never calls a canary non-inferior that is clearly worse", () => {
  const worse = { baselineSessions: 9500, baselineBad: 760, canarySessions: 500, canaryBad: 110 };
  expect(evidence(worse, MARGIN)).toBeLessThan(0);
  expect(upperOddsRatio(GRID, blockLogLikelihood(worse, GRID.logOdds), 0.05)).toBeGreaterThan(3);
});

test("the upper odds ratio is the lowest point above which evidence excludes every point, each worked out by itself", () => {
  const anyShape = fc.record({
    slope: fc.double({ min: -40, max: 10, noNaN: true }),
    curve: fc.double({ min: -40, max: 0, noNaN: true }),
    bump: fc.double({ min: 0, max: 8, noNaN: true }),
    alpha: fc.constantFrom(0.001, 0.05, 0.5),
  });
  fc.assert(
    fc.property(anyShape, ({ slope, curve, bump, alpha }) => {
      const logLikelihood = GRID.logOdds.map((x) => slope * x + curve * x * x + (x > 1 && x < 1.2 ? bump : 0));
      const isExcluded = GRID.logOdds.map((m) => logEvidenceBelowMargin(GRID, logLikelihood, m) >= Math.log(1 / alpha));
      const from = isExcluded.lastIndexOf(false) + 1;
      const lowest = GRID.logOdds[from];
      expect(upperOddsRatio(GRID, logLikelihood, alpha)).toBe(lowest === undefined ? null : Math.exp(lowest));
    }),
  );
});
