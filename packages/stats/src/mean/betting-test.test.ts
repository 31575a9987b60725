import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { observeBetting, openBettingTest, type BettingTest } from "./betting-test.ts";
import { logRatioInterval } from "./log-ratio-interval.ts";
import { lowestDifference, meanDifference, type MeanComparison } from "./mean-difference.ts";
import { shareOut } from "./share-out.ts";

function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Heavy-tailed cost: lognormal with spread 1.5 (Box–Muller). */
function cost(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(1.5 * normal);
}

const dearer: MeanComparison = { cap: 33, relativeMargin: 0, worse: "higher" };

/** Canary sessions until E ≥ 100, or null when it never came to that; 19 baseline sessions to each canary session. */
function sessionsUntil(random: () => number, factor: number, most: number): number | null {
  let state = openBettingTest(lowestDifference(dearer));
  for (let n = 1; n <= most; n += 1) {
    const share = { canary: factor * cost(random), baseline: Array.from({ length: 19 }, () => cost(random)) };
    state = observeBetting(state, meanDifference(share, dearer));
    if (state.logE >= Math.log(100)) return n;
  }
  return null;
}

test("is worth at most 1 on average when the mean is at most 0, by exact enumeration", () => {
  const outcomes = [
    { x: 1.5, probability: 0.4 },
    { x: -1, probability: 0.6 },
  ];
  let paths: { state: BettingTest; probability: number }[] = [{ state: openBettingTest(-1), probability: 1 }];
  for (let i = 0; i < 9; i += 1) {
    paths = paths.flatMap((path) =>
      outcomes.map(({ x, probability }) => ({
        state: observeBetting(path.state, x),
        probability: path.probability * probability,
      })),
    );
  }
  const mean = paths.reduce((sum, { state, probability }) => sum + probability * Math.exp(state.logE), 0);
  expect(mean).toBeCloseTo(1, 10);
  const crossing = paths
    .filter(({ state }) => state.peakLogE >= Math.log(4))
    .reduce((sum, p) => sum + p.probability, 0);
  expect(crossing).toBeLessThanOrEqual(0.25);
});

test("hardly ever calls an equal heavy-tailed cost dearer, and finds one that is three times as dear", () => {
  const random = mulberry32(5);
  const equal = Array.from({ length: 300 }, () => sessionsUntil(random, 1, 300));
  expect(equal.filter((n) => n !== null).length).toBeLessThanOrEqual(3);
  const dear = Array.from({ length: 40 }, () => sessionsUntil(random, 3, 1500));
  expect(dear.filter((n) => n !== null).length).toBeGreaterThan(36);
});

test("a margin is what the baseline's mean may be exceeded by, in the bad direction", () => {
  const share = { canary: 11, baseline: [10, 10] };
  expect(meanDifference(share, { cap: 100, relativeMargin: 0.1, worse: "higher" })).toBeCloseTo(0, 12);
  expect(meanDifference(share, { cap: 100, relativeMargin: 0.1, worse: "lower" })).toBeCloseTo(-0.02, 12);
  expect(meanDifference({ canary: 1e9, baseline: [0] }, dearer)).toBe(1);
});

test("stakes that the margin could ruin are left out", () => {
  expect(openBettingTest(-1).logWealth).toHaveLength(6);
  expect(openBettingTest(-1.3).logWealth).toHaveLength(5);
  const ruined = observeBetting(openBettingTest(-1.3), -1.3);
  expect(Number.isFinite(ruined.logE)).toBe(true);
});

test("every baseline session is shared out at most once, in the order of arrival", () => {
  expect(shareOut([1, 2], [10, 20, 30, 40, 50])).toEqual([
    { canary: 1, baseline: [10, 20] },
    { canary: 2, baseline: [30, 40] },
  ]);
  expect(shareOut([1, 3], [10])).toEqual([{ canary: 2, baseline: [10] }]);
  expect(shareOut([], [1])).toEqual([]);
  expect(shareOut([1], [])).toEqual([]);
});

test("refuses what is no observation", () => {
  expect(() => observeBetting(openBettingTest(-1), -1.5)).toThrow(StatsError);
  expect(() => observeBetting(openBettingTest(-1), Number.NaN)).toThrow(StatsError);
  expect(() => openBettingTest(-0.5)).toThrow(StatsError);
  expect(() => meanDifference({ canary: -1, baseline: [1] }, dearer)).toThrow(StatsError);
  expect(() => meanDifference({ canary: 1, baseline: [1] }, { ...dearer, cap: 0 })).toThrow(StatsError);
});

/** Running count, sum and sum of squares of ln(cost). */
type Running = readonly [number, number, number];

function withMore([n, sum, squares]: Running, random: () => number, factor: number): Running {
  const value = Math.log(factor * cost(random));
  return [n + 1, sum + value, squares + value * value];
}

/** Whether the interval ever lost the true ratio of 1.2 over twelve looks, and how wide it ended. */
function lookAtRatio(random: () => number): { readonly hasEscaped: boolean; readonly width: number } {
  let baseline: Running = [0, 0, 0];
  let canary: Running = [0, 0, 0];
  let [hasEscaped, width] = [false, Infinity];
  for (let i = 1; i <= 600; i += 1) {
    baseline = withMore(baseline, random, 1);
    canary = withMore(canary, random, 1.2);
    const interval = i % 50 === 0 ? logRatioInterval(sampleOf(baseline), sampleOf(canary), 0.05) : null;
    if (interval === null) continue;
    hasEscaped ||= interval.low > 1.2 || interval.high < 1.2;
    width = interval.high - interval.low;
  }
  return { hasEscaped, width };
}

test("the interval of a ratio of costs holds it at every look, and narrows", () => {
  const random = mulberry32(9);
  const runs = Array.from({ length: 100 }, () => lookAtRatio(random));
  expect(runs.filter(({ hasEscaped }) => hasEscaped).length).toBeLessThanOrEqual(5);
  expect(Math.max(...runs.map(({ width }) => width))).toBeLessThan(1.6);
});

function sampleOf([n, sum, squares]: Running) {
  return { sessions: n, mean: sum / n, variance: (squares - (sum * sum) / n) / (n - 1) };
}

test("says nothing of a ratio below two sessions, and refuses an α that is none", () => {
  const two = { sessions: 2, mean: 0, variance: 1 };
  expect(logRatioInterval({ ...two, sessions: 1 }, two, 0.05)).toBeNull();
  expect(() => logRatioInterval(two, two, 0)).toThrow(StatsError);
});
