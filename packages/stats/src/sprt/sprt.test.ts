import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { logChoose } from "../numeric/log-choose.ts";
import { blockLogLikelihood } from "../odds-ratio/block-log-likelihood.ts";
import { designLogOdds, observeSprt, openSprt, sprtDecision } from "./conditional-sprt.ts";
import { logLikelihoodOfKnownRates } from "./known-rates.ts";
import { logSafeTwoByTwo, predictedBaselineRate } from "./safe-two-by-two.ts";

test("8 % to 12 % is an odds ratio of 1.568, as statistics.md says", () => {
  expect(Math.exp(designLogOdds(0.08, 0.04))).toBeCloseTo(1.568, 3);
});

test("decides at Wald's bounds", () => {
  const errors = { alpha: 0.01, beta: 0.1 };
  expect(sprtDecision(Math.log(100), errors)).toBe("reject");
  expect(sprtDecision(Math.log(99), errors)).toBe("continue");
  expect(sprtDecision(Math.log(0.1 / 0.99) - 1e-9, errors)).toBe("accept");
});

test("the oracle needs about the sessions that the table says: 8 % → 22 % at α = 1 %", () => {
  let seed = 5;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const runs = Array.from({ length: 2000 }, () => {
    let [llr, n] = [0, 0];
    while (llr < Math.log(100)) {
      n += 1;
      llr += logLikelihoodOfKnownRates({ sessions: 1, bad: random() < 0.22 ? 1 : 0 }, { baseline: 0.08, canary: 0.22 });
    }
    return n;
  });
  const mean = runs.reduce((a, b) => a + b, 0) / runs.length;
  // Looked at after every session: 53 (`statistics.md` 1).
  expect(mean).toBeGreaterThan(49);
  expect(mean).toBeLessThan(57);
});

/** Blocks of 2 canary and 38 baseline sessions, until the test designed for 8 → 12 % says what `until` waits for. */
function sessionsOfConditional(
  random: () => number,
  { canary, until, most }: { canary: number; until: (llr: number) => boolean; most: number },
): number {
  let test = openSprt(designLogOdds(0.08, 0.04));
  const badOf = (sessions: number, rate: number): number =>
    Array.from({ length: sessions }, random).filter((drawn) => drawn < rate).length;
  for (let n = 0; n < most; n += 2) {
    const counts = {
      baselineSessions: 38,
      baselineBad: badOf(38, 0.08),
      canarySessions: 2,
      canaryBad: badOf(2, canary),
    };
    test = observeSprt(test, blockLogLikelihood(counts, [test.logOddsRatio])[0] ?? 0);
    if (until(test.logE)) return n + 2;
  }
  return most;
}

function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

test("the conditional SPRT finds 8 → 12 % about as soon as the table says, and rejects equal arms at most α of the time", () => {
  const random = lehmer(11);
  const until = (llr: number): boolean => llr >= Math.log(100);
  const found = Array.from({ length: 150 }, () => sessionsOfConditional(random, { canary: 0.12, until, most: 4000 }));
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  // 562 with looks at the end of windows of five (`statistics.md` 1); the standard error of 150 runs is 6 %.
  expect(mean).toBeGreaterThan(460);
  expect(mean).toBeLessThan(640);
  const alarms = Array.from({ length: 200 }, () => sessionsOfConditional(random, { canary: 0.08, until, most: 1000 }));
  expect(alarms.filter((n) => n < 1000).length).toBeLessThanOrEqual(6);
});

test("a canary as bad as designed for is accepted at most β of the time", () => {
  const random = lehmer(12);
  const until = (llr: number): boolean => sprtDecision(llr, { alpha: 0.01, beta: 0.05 }) !== "continue";
  const accepted = Array.from({ length: 150 }, () => {
    let last = 0;
    sessionsOfConditional(random, { canary: 0.12, most: 6000, until: (llr) => until((last = llr)) });
    return last < 0;
  });
  // 5 % of 150 and three standard errors.
  expect(accepted.filter(Boolean).length).toBeLessThanOrEqual(15);
});

function meanOfSafe(rates: { baseline: number; canary: number }, margin: number): number {
  const [nb, nc] = [12, 3];
  let mean = 0;
  const probability = (n: number, x: number, p: number): number =>
    Math.exp(logChoose(n, x) + x * Math.log(p) + (n - x) * Math.log1p(-p));
  for (let xb = 0; xb <= nb; xb += 1) {
    for (let xc = 0; xc <= nc; xc += 1) {
      const counts = { baselineSessions: nb, baselineBad: xb, canarySessions: nc, canaryBad: xc };
      const e = Math.exp(logSafeTwoByTwo(counts, { baselineRate: 0.08, logOddsRatio: Math.log(3), margin }));
      mean += probability(nb, xb, rates.baseline) * probability(nc, xc, rates.canary) * e;
    }
  }
  return mean;
}

test("the safe 2×2 value is worth at most 1 on average anywhere in its null, at the margin too", () => {
  for (const rate of [0.01, 0.08, 0.3, 0.9]) {
    for (const margin of [0, 0.04]) {
      const mean = meanOfSafe({ baseline: rate, canary: Math.min(0.999, rate + margin) }, margin);
      expect(mean).toBeLessThanOrEqual(1 + 1e-9);
    }
  }
  expect(meanOfSafe({ baseline: 0.08, canary: 0.22 }, 0)).toBeGreaterThan(1);
});

test("the safe 2×2 value is finite for impossible-looking blocks", () => {
  const sessions = fc.constantFrom(0, 1, 1e7);
  const share = fc.constantFrom(0, 1e-6, 1);
  fc.assert(
    fc.property(fc.tuple(sessions, share), fc.tuple(sessions, share), ([nb, sb], [nc, sc]) => {
      const counts = {
        baselineSessions: nb,
        baselineBad: Math.round(nb * sb),
        canarySessions: nc,
        canaryBad: Math.round(nc * sc),
      };
      expect(Number.isFinite(logSafeTwoByTwo(counts, { baselineRate: 0.08, logOddsRatio: 1 }))).toBe(true);
    }),
  );
  expect(predictedBaselineRate({ sessions: 0, bad: 0 })).toBe(0.08);
});

test("refuses rates of 0 and 1", () => {
  expect(() => logLikelihoodOfKnownRates({ sessions: 1, bad: 0 }, { baseline: 0, canary: 0.2 })).toThrow(StatsError);
});
