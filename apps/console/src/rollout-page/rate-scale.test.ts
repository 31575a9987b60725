import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { differenceScale, objectiveBadRate, rateScale } from "./rate-scale.ts";

const [GATE] = sampleRollout("ramping", 64).gates;
if (GATE === undefined) throw new Error("the sample has no gates");
const gate = GATE;
const share = fc.double({ min: 0, max: 1, noNaN: true });

test("the scale of the rate bars always holds both rates and the objective", () => {
  fc.assert(
    fc.property(share, share, share, (canary, baseline, max) => {
      const scale = rateScale({
        ...gate,
        canary: { ...gate.canary, rate: canary },
        baseline: { ...gate.baseline, rate: baseline },
        objective: { max },
      });
      expect(scale).toBeGreaterThanOrEqual(Math.max(canary, baseline, max));
    }),
  );
});

test("an objective on successes is the largest share of failures that keeps it", () => {
  expect(objectiveBadRate({ ...gate, objective: { min: 0.75 } })).toBe(0.25);
  expect(objectiveBadRate({ ...gate, objective: { max: 0.12 } })).toBe(0.12);
  expect(objectiveBadRate({ ...gate, objective: null })).toBeNull();
});

test("the scale of the difference holds the whole confidence sequence on both sides of zero", () => {
  expect(differenceScale({ low: -0.22, high: 0.03 }, 0.04)).toBe(0.25);
});
