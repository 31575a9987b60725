import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { logBeta } from "../numeric/log-beta.ts";
import { beliefAfter, priorAround, type BetaBelief } from "./beta-prior.ts";
import { expectedLoss, probabilityHigher } from "./probability-higher.ts";

/** The closed sum for whole weights (`statistics.md` 3.4): another way to the same number. */
function closedForm(baseline: BetaBelief, canary: BetaBelief): number {
  let sum = 0;
  for (let i = 0; i < canary.a; i += 1) {
    sum += Math.exp(
      logBeta(baseline.a + i, baseline.b + canary.b) -
        Math.log(canary.b + i) -
        logBeta(1 + i, canary.b) -
        logBeta(baseline.a, baseline.b),
    );
  }
  return sum;
}

const weight = fc.integer({ min: 1, max: 400 });
const belief = fc.record({ a: weight, b: weight });

test("agrees with the closed sum for whole weights", () => {
  fc.assert(
    fc.property(belief, belief, (baseline, canary) => {
      expect(probabilityHigher(baseline, canary)).toBeCloseTo(closedForm(baseline, canary), 9);
    }),
    { numRuns: 60 },
  );
});

test("falls as the margin grows, from 1 below −1 to 0 at 1", () => {
  const [baseline, canary] = [priorAround(0.08), beliefAfter(priorAround(0.08), { sessions: 50, bad: 11 })];
  const at = [-1, -0.1, 0, 0.02, 0.1, 0.5, 1].map((by) => probabilityHigher(baseline, canary, by));
  expect(at).toEqual(at.toSorted((a, b) => b - a));
  expect(at[0]).toBeCloseTo(1, 9);
  expect(at.at(-1)).toBe(0);
});

test("expected loss is what sampling both beliefs gives", () => {
  // Order statistics of uniforms are Beta: the a-th smallest of a + b − 1.
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const draw = ({ a, b }: BetaBelief): number =>
    Array.from({ length: a + b - 1 }, random).toSorted((x, y) => x - y)[a - 1] ?? 0;
  const [baseline, canary] = [
    { a: 3, b: 17 },
    { a: 5, b: 15 },
  ];
  let loss = 0;
  for (let i = 0; i < 40_000; i += 1) loss += Math.max(0, draw(canary) - draw(baseline)) / 40_000;
  expect(expectedLoss(baseline, canary)).toBeCloseTo(loss, 2);
});

test("is finite at none, one in a million and all of ten million", () => {
  const counts = fc.record({ sessions: fc.constantFrom(0, 1, 1e7), share: fc.constantFrom(0, 1e-6, 0.5, 1) });
  fc.assert(
    fc.property(counts, counts, fc.constantFrom(0, 1e-6, 0.08, 1), (b, c, rate) => {
      const after = (arm: typeof b): BetaBelief =>
        beliefAfter(priorAround(rate), { sessions: arm.sessions, bad: Math.round(arm.sessions * arm.share) });
      const probability = probabilityHigher(after(b), after(c));
      expect(probability >= 0 && probability <= 1).toBe(true);
      expect(expectedLoss(after(b), after(c)) >= 0).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test("two equal beliefs of ten million sessions are a coin flip", () => {
  const same = { a: 8e5, b: 9.2e6 };
  expect(probabilityHigher(same, same)).toBeCloseTo(0.5, 6);
});

test("refuses impossible counts and rates", () => {
  expect(() => beliefAfter(priorAround(0.1), { sessions: 1, bad: 2 })).toThrow(StatsError);
  expect(() => priorAround(2)).toThrow(StatsError);
});
