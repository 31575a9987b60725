import { expect, test } from "vitest";
import { createOddsGrid, nearestPoint } from "./odds-grid.ts";
import { ROLLBACK_LOG_ODDS } from "./rollback-test.ts";

test("holds the points of both tests, no difference, and every margin exactly", () => {
  const margin = 0.44972;
  const grid = createOddsGrid([margin, Math.log(2), Math.log(4)]);
  expect(grid.logOdds).toContain(0);
  expect(grid.logOdds).toContain(margin);
  expect(grid.rollbackPoints.map((point) => grid.logOdds[point])).toEqual(ROLLBACK_LOG_ODDS);
  expect(grid.nonInferiorityPoints.map((point) => Math.exp(grid.logOdds[point] ?? 9).toFixed(2))).toEqual([
    "0.60",
    "0.80",
    "1.00",
    "1.10",
    "1.25",
  ]);
});

test("rises from 0.2 to 30 in steps of at most 0.05, no point twice", () => {
  const { logOdds } = createOddsGrid([Math.log(2), Math.log(2) + 1e-12]);
  const steps = logOdds.slice(1).map((point, i) => point - (logOdds[i] ?? 0));
  expect(Math.exp(logOdds[0] ?? 0)).toBeCloseTo(0.2, 12);
  expect(Math.exp(logOdds.at(-1) ?? 0)).toBeCloseTo(30, 12);
  expect(Math.max(...steps)).toBeLessThanOrEqual(0.05 + 1e-12);
  expect(Math.min(...steps)).toBeGreaterThan(1e-9);
});

test("believes no more in a point because a margin was put there", () => {
  const near = (grid: ReturnType<typeof createOddsGrid>) =>
    grid.logOdds.reduce(
      (sum, point, i) => (Math.abs(point - 0.45) < 0.2 ? sum + Math.exp(grid.logPrior[i] ?? 0) : sum),
      0,
    );
  const crowded = createOddsGrid(Array.from({ length: 50 }, (_, i) => 0.4 + i / 500));
  expect(near(crowded)).toBeCloseTo(near(createOddsGrid([])), 1);
});

test("finds the nearest point", () => {
  expect(nearestPoint([-1, 0, 2], 0.9)).toBe(1);
  expect(nearestPoint([-1, 0, 2], 99)).toBe(2);
});
