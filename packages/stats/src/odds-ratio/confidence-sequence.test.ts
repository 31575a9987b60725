import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { BlockCounts } from "./block-counts.ts";
import { blockLogLikelihood } from "./block-log-likelihood.ts";
import { confidenceSequence, differenceAt } from "./confidence-sequence.ts";
import { createOddsGrid } from "./odds-grid.ts";
import { probabilityWorse } from "./probability-worse.ts";

const GRID = createOddsGrid([]);
const NOTHING = GRID.logOdds.map(() => 0);

type Arm = readonly [bad: number, sessions: number];

function table([baselineBad, baselineSessions]: Arm, [canaryBad, canarySessions]: Arm): BlockCounts {
  return { baselineBad, baselineSessions, canaryBad, canarySessions };
}

function after(counts: BlockCounts): readonly number[] {
  return blockLogLikelihood(counts, GRID.logOdds);
}

test("excludes nothing before the first session", () => {
  const { low, high } = confidenceSequence(GRID, NOTHING, 0.05);
  expect([Math.exp(low), Math.exp(high)].map((ratio) => ratio.toFixed(2))).toEqual(["0.20", "30.00"]);
  expect(probabilityWorse(GRID, NOTHING)).toBeCloseTo(0.5, 2);
});

test("is wider than a fixed-sample interval, and holds its estimate", () => {
  // 8 % against 22 %: odds ratio 3.24; the Wald interval of a single look is 1.75 to 6.0.
  const { low, high } = confidenceSequence(GRID, after(table([80, 1000], [22, 100])), 0.05);
  expect(Math.exp(low)).toBeLessThan(1.78);
  expect(Math.exp(low)).toBeGreaterThan(1.3);
  expect(Math.exp(high)).toBeGreaterThan(5.8);
  expect(Math.exp(high)).toBeLessThan(8);
});

test("narrows as the same rates repeat", () => {
  const widths = [1, 4, 16, 64].map((times) => {
    const { low, high } = confidenceSequence(GRID, after(table([8 * times, 95 * times], [times, 5 * times])), 0.05);
    return high - low;
  });
  expect(widths).toEqual(widths.toSorted((a, b) => b - a));
});

test("covers the truth at every look of 95 % of all canaries, tested on 300", () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const badOf = (sessions: number, rate: number) =>
    Array.from({ length: sessions }, random).filter((u) => u < rate).length;
  const truth = Math.log(2);
  const canaryRate = 1 / (1 + Math.exp(-(Math.log(0.1 / 0.9) + truth)));
  let missed = 0;
  for (let run = 0; run < 300; run += 1) {
    let sum = NOTHING;
    let isMissed = false;
    for (let block = 0; block < 25; block += 1) {
      const counts = table([badOf(40, 0.1), 40], [badOf(8, canaryRate), 8]);
      const gain = after(counts);
      sum = sum.map((value, i) => value + (gain[i] ?? 0));
      const { low, high } = confidenceSequence(GRID, sum, 0.05);
      isMissed ||= truth < low || truth > high;
    }
    if (isMissed) missed += 1;
  }
  expect(missed).toBeLessThanOrEqual(15);
});

test("tells an odds ratio as a difference of rates at the baseline's smoothed rate", () => {
  // (7.2 + 0.8) / (90 + 10) = 8 %; an odds ratio of 1.568 makes it 12 %.
  expect(differenceAt(Math.log(1.5682), table([7, 78], [0, 0]))).toBeCloseTo(0.0399, 2);
  expect(differenceAt(0, table([7, 78], [0, 0]))).toBeCloseTo(0, 12);
});

test("believes the canary worse the more of the bad sessions are its own", () => {
  const beliefs = [0, 2, 4, 8, 16].map((canaryBad) =>
    probabilityWorse(GRID, after(table([16 - canaryBad, 100], [canaryBad, 50]))),
  );
  expect(beliefs).toEqual(beliefs.toSorted((a, b) => a - b));
  expect(beliefs[0]).toBeLessThan(0.05);
  expect(beliefs.at(-1)).toBeGreaterThan(0.99);
});

test("gives finite numbers in order for any counts, none and all bad included", () => {
  const side = fc.constantFrom([0, 0], [0, 1], [1, 1], [0, 100_000], [100_000, 100_000], [10, 10_000_000], [3, 7]);
  fc.assert(
    fc.property(side, side, ([b = 0, nb = 0], [c = 0, nc = 0]) => {
      const counts = table([b, nb], [c, nc]);
      const logLikelihood = after(counts);
      const { low, high } = confidenceSequence(GRID, logLikelihood, 0.05);
      expect(low).toBeLessThanOrEqual(high);
      expect(Number.isFinite(differenceAt(low, counts)) && Number.isFinite(differenceAt(high, counts))).toBe(true);
      const belief = probabilityWorse(GRID, logLikelihood);
      expect(belief).toBeGreaterThanOrEqual(0);
      expect(belief).toBeLessThanOrEqual(1);
    }),
    { numRuns: 49 },
  );
});
