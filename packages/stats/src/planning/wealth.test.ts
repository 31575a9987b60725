import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bettingBets, featureBets, rollbackBets } from "./planned-bets.ts";
import { sessionsToEvidence } from "./sessions-to-evidence.ts";
import { sessionsToWealth, withShare } from "./wealth.ts";

const ALONE = {
  apart: { observations: 1, inverse: 0 },
  pooled: { observations: 0, inverseCanary: 0, inverseBaseline: 0 },
};

test("one bet is worth its goal once its growth has made up for its share", () => {
  expect(sessionsToWealth([{ share: 0.5, growth: 0.1 }], Math.log(100))).toBeCloseTo(Math.log(200) / 0.1, 6);
});

test("several bets need no longer than the quickest of them, and half of the money takes longer than all of it", () => {
  const bets = [
    { share: 0.5, growth: 0.1 },
    { share: 0.5, growth: 0.02 },
  ];
  const together = sessionsToWealth(bets, 5);
  expect(together).toBeLessThanOrEqual(sessionsToWealth(bets.slice(0, 1), 5));
  expect(sessionsToWealth(withShare(bets, 0.5), 5)).toBeGreaterThan(together);
});

test("bets that only lose are never worth anything, and what is there already needs nothing", () => {
  expect(sessionsToWealth([{ share: 1, growth: -0.1 }], 5)).toBe(Infinity);
  expect(sessionsToWealth([], 5)).toBe(Infinity);
  expect(sessionsToWealth([{ share: 1, growth: -0.1 }], -1)).toBe(0);
});

test.each([0.22, 0.16, 0.12])(
  "the bets of the rollback test plan 8 %% → %d as the planning formula does, within 20 %%",
  (canary) => {
    const rates = { baseline: 0.08, canary, canaryWeight: 0.05 };
    const planned = sessionsToWealth(rollbackBets(rates), Math.log(100));
    expect(planned / sessionsToEvidence(rates, 0, Math.log(100))).toBeGreaterThan(0.8);
    expect(planned / sessionsToEvidence(rates, 0, Math.log(100))).toBeLessThan(1.2);
  },
);

test("features are bet on both ways", () => {
  const of = (canary: number): number =>
    sessionsToWealth(featureBets({ baseline: 0.4, canary, canaryWeight: 0.05 }), 5);
  expect(of(0.1)).toBeLessThan(200);
  expect(of(0.7)).toBeLessThan(200);
  expect(of(0.4)).toBe(Infinity);
});

test("a stake grows by the logarithm of what it wins, less for being compared with few sessions", () => {
  const observed = { values: [0.5, -0.1], canaryVariance: 0.09, baselineVariance: 0.04 };
  const [first] = bettingBets(observed, ALONE);
  expect(first?.growth).toBeCloseTo((Math.log1p(0.05 * 0.5) + Math.log1p(-0.05 * 0.1)) / 2, 12);
  const withFew = bettingBets(observed, { ...ALONE, apart: { observations: 1, inverse: 0.5 } });
  expect(withFew[0]?.growth).toBeCloseTo((first?.growth ?? 0) - (0.05 * 0.05 * 0.02) / 2, 12);
});

test("is never NaN, whatever the bets", () => {
  const bet = fc.record({ share: fc.constantFrom(0, 1e-9, 0.5, 1), growth: fc.constantFrom(-5, 0, 1e-15, 1e-6, 3) });
  fc.assert(
    fc.property(fc.array(bet, { maxLength: 5 }), fc.constantFrom(-1, 0, 4.6, 700), (bets, logEvidence) => {
      expect(sessionsToWealth(bets, logEvidence)).toBeGreaterThanOrEqual(0);
    }),
  );
});
