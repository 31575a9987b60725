import { expect, test } from "vitest";
import { logChoose } from "../numeric/log-choose.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";
import { StatsError } from "../numeric/error.ts";
import { blockLogLikelihood } from "./block-log-likelihood.ts";
import type { BlockCounts } from "./block-counts.ts";
import {
  anytimePValue,
  observeRollbackTest,
  openRollbackTest,
  ROLLBACK_LOG_ODDS,
  type RollbackTest,
} from "./rollback-test.ts";

type Outcome = { readonly probability: number; readonly counts: BlockCounts };

/** Every way a block with these margins can come out when the canary's odds are `oddsRatio` times the baseline's. */
function outcomes([nb, nc, bad]: readonly [number, number, number], oddsRatio: number): readonly Outcome[] {
  const terms: { k: number; weight: number }[] = [];
  for (let k = Math.max(0, bad - nb); k <= Math.min(nc, bad); k += 1) {
    terms.push({ k, weight: Math.exp(logChoose(nc, k) + logChoose(nb, bad - k)) * oddsRatio ** k });
  }
  const total = terms.reduce((sum, term) => sum + term.weight, 0);
  return terms.map(({ k, weight }) => ({
    probability: weight / total,
    counts: { baselineSessions: nb, baselineBad: bad - k, canarySessions: nc, canaryBad: k },
  }));
}

function after(test: RollbackTest, counts: BlockCounts): RollbackTest {
  return observeRollbackTest(test, blockLogLikelihood(counts, ROLLBACK_LOG_ODDS));
}

type Path = { readonly probability: number; readonly test: RollbackTest };

/** All paths through a design of blocks, by exact enumeration. */
function allPaths(design: readonly (readonly [number, number, number])[], oddsRatio: number, planned: number): Path[] {
  let paths: Path[] = [{ probability: 1, test: openRollbackTest(planned) }];
  for (const margins of design) {
    paths = paths.flatMap((path) =>
      outcomes(margins, oddsRatio).map(({ probability, counts }) => ({
        probability: path.probability * probability,
        test: after(path.test, counts),
      })),
    );
  }
  return paths;
}

const DESIGNS: readonly (readonly (readonly [number, number, number])[])[] = [
  [
    [3, 2, 2],
    [10, 2, 3],
    [4, 4, 4],
    [1, 1, 1],
  ],
  [
    [38, 2, 3],
    [12, 5, 6],
    [50, 3, 1],
    [20, 20, 4],
    [10, 2, 12],
  ],
  [
    [5, 5, 5],
    [5, 5, 5],
    [5, 5, 5],
  ],
];

test.each([1, 2, 3, 200])("is worth exactly 1 on average when nothing differs, %d blocks planned", (planned) => {
  for (const design of DESIGNS) {
    const mean = allPaths(design, 1, planned).reduce((sum, p) => sum + p.probability * Math.exp(p.test.logE), 0);
    expect(mean).toBeCloseTo(1, 9);
  }
});

test.each([0.2, 0.5, 0.9])("is worth at most 1 on average when the canary is better, odds ratio %d", (oddsRatio) => {
  for (const design of DESIGNS) {
    const mean = allPaths(design, oddsRatio, 200).reduce((sum, p) => sum + p.probability * Math.exp(p.test.logE), 0);
    expect(mean).toBeLessThanOrEqual(1);
  }
});

test.each([0.5, 0.2, 0.05])("crosses 1/α with probability at most α = %d, over all looks together", (alpha) => {
  for (const design of DESIGNS) {
    const crossing = allPaths(design, 1, 200)
      .filter((path) => anytimePValue(path.test) <= alpha)
      .reduce((sum, path) => sum + path.probability, 0);
    expect(crossing).toBeLessThanOrEqual(alpha);
  }
});

test("grows with every further bad canary session among the same bad ones", () => {
  const evidence = [0, 1, 2, 3, 4, 5].map(
    (canaryBad) =>
      after(openRollbackTest(200), { baselineSessions: 95, baselineBad: 8 - canaryBad, canarySessions: 5, canaryBad })
        .logE,
  );
  expect(evidence).toEqual(evidence.toSorted((a, b) => a - b));
});

test("starts at no evidence and stays there through blocks without information", () => {
  let test = openRollbackTest(200);
  for (let i = 0; i < 500; i += 1) {
    test = after(test, { baselineSessions: 100, baselineBad: 0, canarySessions: 5, canaryBad: 0 });
  }
  expect(test.logE).toBeCloseTo(0, 9);
  expect(anytimePValue(test)).toBeCloseTo(1, 9);
});

test("bets seven tenths of its money at once, by hand", () => {
  // One bad session of ten, and it is the canary's: e^ℓ = 10 ψ / (9 + ψ) for odds ratio ψ.
  const bets: [number, number][] = [
    [1.2, 0.1],
    [1.5, 0.2],
    [2, 0.25],
    [3, 0.2],
    [5, 0.12],
    [10, 0.08],
    [30, 0.05],
  ];
  const gain = bets.reduce((sum, [ratio, weight]) => sum + (weight * 10 * ratio) / (9 + ratio), 0);
  const test = after(openRollbackTest(200), { baselineSessions: 9, baselineBad: 0, canarySessions: 1, canaryBad: 1 });
  expect(Math.exp(test.logE)).toBeCloseTo(0.3 + 0.7 * gain, 12);
});

test.each([0, -3, 1.5, Number.NaN])("refuses to plan for %d blocks", (plannedBlocks) => {
  expect(() => openRollbackTest(plannedBlocks)).toThrow(StatsError);
});

function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A stream of sessions at 5 % canary, cut where 2 canary and 10 baseline sessions are together. */
function nextBlock(random: () => number, rates: { baseline: number; canary: number }): BlockCounts {
  const counts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
  while (counts.canarySessions < 2 || counts.baselineSessions < 10) {
    if (random() < 0.05) {
      counts.canarySessions += 1;
      if (random() < rates.canary) counts.canaryBad += 1;
    } else {
      counts.baselineSessions += 1;
      if (random() < rates.baseline) counts.baselineBad += 1;
    }
  }
  return counts;
}

type Run = { readonly canarySessions: number; readonly hasRejected: boolean };

function runUntil(random: () => number, canaryRate: (sessions: number) => number, most: number): Run {
  let test = openRollbackTest(500);
  let canarySessions = 0;
  while (canarySessions < most) {
    const counts = nextBlock(random, { baseline: 0.08, canary: canaryRate(canarySessions) });
    canarySessions += counts.canarySessions;
    test = after(test, counts);
    if (test.logE >= Math.log(100)) return { canarySessions, hasRejected: true };
  }
  return { canarySessions, hasRejected: false };
}

/** A second on an idle machine. */
const SIMULATION = { timeout: 60_000 };

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test("rolls back fewer than 1 % of identical releases over 300 canary sessions", SIMULATION, () => {
  const random = mulberry32(11);
  const runs = Array.from({ length: 1000 }, () => runUntil(random, () => 0.08, 300));
  expect(runs.filter((run) => run.hasRejected).length).toBeLessThanOrEqual(10);
});

test("finds 8 % → 22 % at a 5 % share after about 65 canary sessions", SIMULATION, () => {
  const random = mulberry32(12);
  const runs = Array.from({ length: 400 }, () => runUntil(random, () => 0.22, 3000));
  expect(runs.every((run) => run.hasRejected)).toBe(true);
  expect(median(runs.map((run) => run.canarySessions))).toBeGreaterThan(58);
  expect(median(runs.map((run) => run.canarySessions))).toBeLessThan(75);
});

test("finds a canary that breaks after 500 good sessions about 107 sessions later", SIMULATION, () => {
  const random = mulberry32(13);
  const runs = Array.from({ length: 150 }, () => runUntil(random, (seen) => (seen < 500 ? 0.08 : 0.22), 3000));
  const late = runs.map((run) => run.canarySessions - 500).filter((sessions) => sessions > 0);
  expect(median(late)).toBeGreaterThan(80);
  expect(median(late)).toBeLessThan(130);
});

test("needs about 62 sessions in the median and 69 in the mean when all money starts at once", SIMULATION, () => {
  // The table "looks after every canary session", k = 2: the mixture without late starts, straight from its definition.
  const weights = [0.1, 0.2, 0.25, 0.2, 0.12, 0.08, 0.05].map((weight) => Math.log(weight));
  const random = mulberry32(14);
  const sessions = Array.from({ length: 400 }, () => {
    let wealth = weights;
    let canarySessions = 0;
    while (logSumExp(wealth) < Math.log(100)) {
      const counts = nextBlock(random, { baseline: 0.08, canary: 0.22 });
      const gain = blockLogLikelihood(counts, ROLLBACK_LOG_ODDS);
      wealth = wealth.map((value, j) => value + (gain[j] ?? 0));
      canarySessions += counts.canarySessions;
    }
    return canarySessions;
  });
  const mean = sessions.reduce((a, b) => a + b, 0) / sessions.length;
  expect(median(sessions)).toBeGreaterThan(55);
  expect(median(sessions)).toBeLessThan(70);
  expect(mean).toBeGreaterThan(63);
  expect(mean).toBeLessThan(77);
});
