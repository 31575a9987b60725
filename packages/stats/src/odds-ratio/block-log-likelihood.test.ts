import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import type { BlockCounts } from "./block-counts.ts";
import { blockLogLikelihood } from "./block-log-likelihood.ts";
import { createOddsGrid } from "./odds-grid.ts";

const GRID = createOddsGrid([]).logOdds;

type Arm = readonly [bad: number, sessions: number];

function table([baselineBad, baselineSessions]: Arm, [canaryBad, canarySessions]: Arm): BlockCounts {
  return { baselineBad, baselineSessions, canaryBad, canarySessions };
}

/** Straight from the definition, with factorials as sums of logarithms: slow, and independent of the code under test. */
function bruteForce(counts: BlockCounts, delta: number): number {
  const logFactorial = (n: number) => Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0);
  const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  const bad = counts.baselineBad + counts.canaryBad;
  const logSum = (d: number) => {
    const terms: number[] = [];
    for (let k = Math.max(0, bad - counts.baselineSessions); k <= Math.min(counts.canarySessions, bad); k += 1) {
      terms.push(logChoose(counts.canarySessions, k) + logChoose(counts.baselineSessions, bad - k) + d * k);
    }
    const largest = Math.max(...terms);
    return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
  };
  return delta * counts.canaryBad - logSum(delta) + logSum(0);
}

const anyTable = (most: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: most }), fc.nat(1000), fc.nat(1000))
    .map(([nb, nc, b, c]) => table([Math.floor((b * nb) / 1000), nb], [Math.floor((c * nc) / 1000), nc]));

test("agrees with enumeration of the noncentral hypergeometric distribution", () => {
  fc.assert(
    fc.property(anyTable(60), fc.double({ min: -3, max: 3.4, noNaN: true }), (counts, delta) => {
      expect(blockLogLikelihood(counts, [delta])[0]).toBeCloseTo(bruteForce(counts, delta), 8);
    }),
  );
});

test("gives the same numbers for a point however many others are asked for", () => {
  fc.assert(
    fc.property(anyTable(100), (counts) => {
      const alone = GRID.flatMap((delta) => blockLogLikelihood(counts, [delta]));
      for (const [i, value] of blockLogLikelihood(counts, GRID).entries()) expect(value).toBeCloseTo(alone[i] ?? 9, 9);
    }),
    { numRuns: 30 },
  );
});

test("agrees with enumeration where the sum runs outward from the mode", () => {
  fc.assert(
    fc.property(anyTable(700), fc.constantFrom(-1.6, -0.3, 0, 0.4, 1.1, 3.4), (counts, delta) => {
      expect(blockLogLikelihood(counts, [delta])[0]).toBeCloseTo(bruteForce(counts, delta), 7);
    }),
    { numRuns: 12 },
  );
});

test.each([
  // R: fisher.test(matrix(c(3, 1, 1, 3))) and fisher.test(Convictions), both "conditional MLE of the odds ratio".
  ["Fisher's tea tasting", table([1, 4], [3, 4]), 6.408309],
  ["Fisher's convictions of twins", table([15, 18], [2, 12]), 0.04693661],
])("peaks at the conditional estimate that R publishes for %s", (_, counts, oddsRatio) => {
  const around = [-0.001, 0, 0.001].map((offset) => Math.log(oddsRatio) + offset);
  const [below = 0, at = 0, above = 0] = blockLogLikelihood(counts, around);
  expect(at).toBeGreaterThan(below);
  expect(at).toBeGreaterThan(above);
});

test("is 1.6 at an odds ratio of 3 for one bad canary session of one beside none of nine", () => {
  // By hand: one bad session of ten, S(δ) = 9 + e^δ, so ℓ = δ − ln(9 + 3) + ln 10.
  expect(blockLogLikelihood(table([0, 9], [1, 1]), [Math.log(3)])[0]).toBeCloseTo(Math.log((3 * 10) / 12), 12);
});

test.each([
  ["no canary", table([3, 50], [0, 0])],
  ["no baseline", table([0, 0], [3, 50])],
  ["nobody bad", table([0, 95], [0, 5])],
  ["everybody bad", table([95, 95], [5, 5])],
  ["nothing", table([0, 0], [0, 0])],
])("says nothing about the odds ratio with %s", (_, counts) => {
  expect(blockLogLikelihood(counts, GRID).every((value) => value === 0)).toBe(true);
});

test("is mirrored when the arms, or good and bad, change places", () => {
  fc.assert(
    fc.property(anyTable(200), fc.double({ min: -3, max: 3, noNaN: true }), (counts, delta) => {
      const { baselineBad, baselineSessions, canaryBad, canarySessions } = counts;
      const swapped = table([canaryBad, canarySessions], [baselineBad, baselineSessions]);
      const good = table(
        [baselineSessions - baselineBad, baselineSessions],
        [canarySessions - canaryBad, canarySessions],
      );
      const [expected = 0] = blockLogLikelihood(counts, [delta]);
      expect(blockLogLikelihood(swapped, [-delta])[0]).toBeCloseTo(expected, 8);
      expect(blockLogLikelihood(good, [-delta])[0]).toBeCloseTo(expected, 8);
    }),
  );
});

test("is finite, concave and zero at no difference for any table up to ten million sessions", () => {
  const size = fc.constantFrom(1, 2, 10, 1999, 2000, 100_000, 10_000_000);
  const share = fc.constantFrom(0, 1e-6, 0.08, 0.5, 1);
  fc.assert(
    fc.property(fc.tuple(size, share), fc.tuple(size, share), ([nb, b], [nc, c]) => {
      const counts = table([Math.round(b * nb), nb], [Math.round(c * nc), nc]);
      const values = blockLogLikelihood(counts, GRID);
      expect(values.every((value) => Number.isFinite(value))).toBe(true);
      expect(values[GRID.indexOf(0)]).toBeCloseTo(0, 6);
      const even = blockLogLikelihood(counts, [-1, 0, 1]);
      expect(2 * (even[1] ?? 0)).toBeGreaterThanOrEqual((even[0] ?? 0) + (even[2] ?? 0) - 1e-6);
    }),
    { numRuns: 40 },
  );
});

test.each([table([-1, 5], [0, 5]), table([6, 5], [0, 5]), table([1, 5], [0.5, 5]), table([1, Number.NaN], [0, 5])])(
  "refuses counts that cannot be",
  (counts) => {
    expect(() => blockLogLikelihood(counts, GRID)).toThrow(StatsError);
  },
);
