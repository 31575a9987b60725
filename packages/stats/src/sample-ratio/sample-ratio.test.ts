import { expect, test } from "vitest";
import { logChoose } from "../numeric/log-choose.ts";
import { StatsError } from "../numeric/error.ts";
import { logEvidenceOfMismatch } from "./sample-ratio.ts";

test("is worth exactly 1 on average when sessions are split as the weight says", () => {
  for (const [sessions, weight] of [
    [6, 0.5],
    [40, 0.05],
    [200, 0.25],
  ] as const) {
    let mean = 0;
    for (let canary = 0; canary <= sessions; canary += 1) {
      const logProbability =
        logChoose(sessions, canary) + canary * Math.log(weight) + (sessions - canary) * Math.log1p(-weight);
      mean += Math.exp(logProbability + logEvidenceOfMismatch(sessions - canary, canary, weight));
    }
    expect(mean).toBeCloseTo(1, 9);
  }
});

test("has the value of two sessions in one arm by hand", () => {
  // κ = 1000, w = ½: (500/1000)(501/1001) against (½)².
  expect(logEvidenceOfMismatch(0, 2, 0.5)).toBeCloseTo(Math.log((501 / 1001) * 2), 10);
});

test("alarms at about 8 300 sessions when 6 % arrive instead of 5 %, and not at a faithful split", () => {
  expect(logEvidenceOfMismatch(5_640, 360, 0.05)).toBeLessThan(Math.log(1000));
  expect(logEvidenceOfMismatch(9_870, 630, 0.05)).toBeGreaterThan(Math.log(1000));
  expect(logEvidenceOfMismatch(9_500_000, 500_000, 0.05)).toBeLessThan(0);
});

test.each([0, 1])("compares nothing at a weight of %d", (weight) => {
  expect(logEvidenceOfMismatch(100, 0, weight)).toBe(0);
});

test("refuses a share that is none", () => {
  expect(() => logEvidenceOfMismatch(1, 1, 1.5)).toThrow(StatsError);
  expect(() => logEvidenceOfMismatch(-1, 1, 0.5)).toThrow(StatsError);
  expect(() => logEvidenceOfMismatch(1, 1, Number.NaN)).toThrow(StatsError);
});
