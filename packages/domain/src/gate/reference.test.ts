import { expect, test } from "vitest";
import { ladderLevel } from "./ladder.ts";
import { freezeReference, referenceFromBaseline } from "./reference.ts";

function counts(baselineSessions: number, baselineBad: number) {
  return { baselineSessions, baselineBad, canarySessions: 0, canaryBad: 0 };
}

test("turns 8 % and 4 points into an odds ratio of 1.568", () => {
  const reference = freezeReference(0.08, 0.04);
  expect(reference).toMatchObject({ method: "odds-ratio", rate: 0.08 });
  expect(Math.exp(ladderLevel(reference, 0) ?? 0)).toBeCloseTo(1.568, 3);
});

test("bounds the rate itself where the metric is rarer than half its margin", () => {
  expect(freezeReference(0.0199, 0.04)).toEqual({ method: "rate", rate: 0.0199, marginRate: 0.04 });
  expect(freezeReference(0.02, 0.04).method).toBe("odds-ratio");
  expect(freezeReference(0, 1e-6).method).toBe("rate");
});

test.each([0.96, 0.97, 1])("never asks for less than an odds ratio of 30 to be excluded, at a rate of %d", (rate) => {
  expect(ladderLevel(freezeReference(rate, 0.04), 0)).toBeCloseTo(Math.log(30), 12);
});

test("waits for 100 baseline sessions before it freezes their rate", () => {
  expect(referenceFromBaseline(counts(99, 8), 0.04)).toBeNull();
  expect(referenceFromBaseline(counts(100, 8), 0.04)).toMatchObject({ rate: 0.08 });
});

test.each([
  [0, 1.568],
  [1, 2],
  [2, 4],
])("asks for the ladder's odds ratio %d steps before the end: %d", (stepsAfter, oddsRatio) => {
  expect(Math.exp(ladderLevel(freezeReference(0.08, 0.04), stepsAfter) ?? 0)).toBeCloseTo(oddsRatio, 3);
});

test("asks for nothing three steps before the end", () => {
  expect(ladderLevel(freezeReference(0.08, 0.04), 3)).toBeNull();
});

test("never asks an earlier step for more than the last one", () => {
  const wide = freezeReference(0.02, 0.04);
  expect(ladderLevel(wide, 1)).toBe(ladderLevel(wide, 0));
  const rare = freezeReference(0.001, 0.7);
  expect([0, 1, 2].map((stepsAfter) => ladderLevel(rare, stepsAfter))).toEqual([0.7, 0.7, 0.7]);
  expect([0, 1, 2].map((stepsAfter) => ladderLevel(freezeReference(0, 0.04), stepsAfter))).toEqual([0.04, 0.08, 0.16]);
});
