import { expect, test } from "vitest";
import { blockLogLikelihood } from "../odds-ratio/block-log-likelihood.ts";
import { FEATURE_LOG_ODDS, observeFeatureTest, openFeatureTest } from "./feature-test.ts";
import { discoveries, logStructuralEvidence } from "./structural-evidence.ts";

function evidenceAfter(blocks: number, canaryWith: number, baselineWith: number): number {
  let state = openFeatureTest(500);
  for (let i = 0; i < blocks; i += 1) {
    const counts = {
      baselineSessions: 20,
      baselineBad: baselineWith,
      canarySessions: 5,
      canaryBad: canaryWith,
    };
    state = observeFeatureTest(state, blockLogLikelihood(counts, FEATURE_LOG_ODDS));
  }
  return state.logE;
}

test("a tool that is called less often is found like one that is called more often", () => {
  expect(evidenceAfter(60, 0, 8)).toBeGreaterThan(Math.log(100));
  expect(evidenceAfter(60, 5, 8)).toBeGreaterThan(Math.log(100));
  expect(evidenceAfter(60, 2, 8)).toBeLessThan(0);
});

test("evidence of a structure is the mean over its features", () => {
  expect(Math.exp(logStructuralEvidence([Math.log(5), 0, 0, Math.log(1)]))).toBeCloseTo(2, 12);
  expect(logStructuralEvidence([])).toBe(0);
});

test("names as many features as e-BH allows, the strongest first", () => {
  // K = 4, α = 5 %: one needs E ≥ 80, two need 40 each, three 26.7 each.
  const named = (e: readonly number[]) => discoveries(e.map(Math.log), 0.05);
  expect(named([1, 79, 1, 1])).toEqual([]);
  expect(named([1, 81, 1, 1])).toEqual([1]);
  expect(named([41, 45, 1, 1])).toEqual([1, 0]);
  expect(named([30, 45, 28, 1])).toEqual([1, 0, 2]);
  expect(named([])).toEqual([]);
});
