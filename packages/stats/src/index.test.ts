import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as stats from "./index.ts";
import type { BlockCounts, RollbackTest } from "./index.ts";

const SIZES = [0, 1, 2, 10, 1999, 100_000, 10_000_000] as const;
const RATES = [0, 1e-6, 0.08, 0.5, 1 - 1e-6, 1] as const;
const MARGIN = stats.logit(0.12) - stats.logit(0.08);
const GRID = stats.createOddsGrid([MARGIN]);

/** An arm of up to ten million sessions of which none, one in a million, or all are bad. */
const anyArm = fc
  .tuple(fc.constantFrom(...SIZES), fc.constantFrom(...RATES))
  .map(([sessions, rate]) => ({ sessions, bad: Math.round(sessions * rate) }));

const anyTable = fc.tuple(anyArm, anyArm).map(([baseline, canary]): BlockCounts => ({
  baselineSessions: baseline.sessions,
  baselineBad: baseline.bad,
  canarySessions: canary.sessions,
  canaryBad: canary.bad,
}));

/** Never NaN, nor an infinity unless there is one to tell. */
function expectFinite(values: Readonly<Record<string, number | null>>): void {
  const odd = Object.entries(values).filter(([, value]) => value !== null && !Number.isFinite(value));
  expect(odd).toEqual([]);
}

function finite<T>(property: fc.Arbitrary<T>, values: (input: T) => Readonly<Record<string, number | null>>): void {
  fc.assert(
    fc.property(property, (input) => expectFinite(values(input))),
    { numRuns: 60 },
  );
}

test("everything that is read from a table of two arms is a number, whatever the table", () => {
  finite(anyTable, (counts) => {
    const logLikelihood = stats.blockLogLikelihood(counts, GRID.logOdds);
    const interval = stats.confidenceSequence(GRID, logLikelihood, 0.05);
    const worse = stats.probabilityWorse(GRID, logLikelihood);
    expect(worse).toBeGreaterThanOrEqual(0);
    expect(worse).toBeLessThanOrEqual(1);
    expect(interval.low).toBeLessThanOrEqual(interval.high);
    return {
      worse,
      ...interval,
      difference: stats.differenceAt(interval.high, counts),
      belowMargin: stats.logEvidenceBelowMargin(GRID, logLikelihood, MARGIN),
      upper: stats.upperOddsRatio(GRID, logLikelihood, 0.05),
      safe: stats.logSafeTwoByTwo(counts, { baselineRate: stats.smoothedBaselineRate(counts), logOddsRatio: 1 }),
      harm: stats.probabilityOfHarm(Math.max(...logLikelihood), 0.01),
    };
  });
});

test("an SPRT and what it is planned to need stay numbers, whatever it is designed for", () => {
  finite(fc.tuple(anyTable, fc.constantFrom(1e-6, MARGIN, Math.log(30))), ([counts, design]) => {
    const [logLikelihood = 0] = stats.blockLogLikelihood(counts, [design]);
    const { logE, peakLogE } = stats.observeSprt(stats.openSprt(design), logLikelihood);
    expect(peakLogE).toBeGreaterThanOrEqual(logE);
    return { logE, peakLogE };
  });
});

test("what bets are planned to need is at least nothing, whatever the rates", () => {
  const rate = fc.constantFrom(...RATES);
  fc.assert(
    fc.property(rate, rate, fc.constantFrom(1e-4, 0.05, 0.5, 0.9999), (baseline, canary, canaryWeight) => {
      for (const bets of [stats.rollbackBets, stats.featureBets]) {
        const needed = stats.sessionsToWealth(bets({ baseline, canary, canaryWeight }), Math.log(100));
        expect(needed).toBeGreaterThan(0);
      }
    }),
  );
});

test("a rollback test stays a number through blocks of any size, one after the other", () => {
  const atBets = (counts: BlockCounts): readonly number[] => stats.blockLogLikelihood(counts, stats.ROLLBACK_LOG_ODDS);
  finite(fc.array(anyTable, { minLength: 1, maxLength: 8 }), (tables) => {
    const after = tables.reduce(
      (state: RollbackTest, counts) => stats.observeRollbackTest(state, atBets(counts)),
      stats.openRollbackTest(4),
    );
    const p = stats.anytimePValue(after);
    expect(p).toBeGreaterThanOrEqual(0);
    expect(p).toBeLessThanOrEqual(1);
    return { logE: after.logE, peak: after.peakLogE, p };
  });
});

test("beliefs about two arms are numbers, whatever was seen", () => {
  finite(fc.tuple(anyArm, anyArm, fc.constantFrom(...RATES)), ([baseline, canary, rate]) => {
    const prior = stats.priorAround(rate);
    const [ofBaseline, ofCanary] = [stats.beliefAfter(prior, baseline), stats.beliefAfter(prior, canary)];
    const higher = stats.probabilityHigher(ofBaseline, ofCanary);
    expect(higher).toBeGreaterThanOrEqual(0);
    expect(higher).toBeLessThanOrEqual(1);
    return {
      higher,
      byMargin: stats.probabilityHigher(ofBaseline, ofCanary, 0.04),
      loss: stats.expectedLoss(ofBaseline, ofCanary),
    };
  });
});

test("tests of one arm and of the split are numbers, whatever was counted", () => {
  const anyBound = fc.constantFrom(1e-6, 0.04, 0.5, 1 - 1e-6);
  finite(fc.tuple(anyArm, anyArm, anyBound), ([one, other, bound]) => ({
    below: stats.logEvidenceRateBelow(one.sessions, one.bad, bound),
    known: stats.logLikelihoodOfKnownRates(one, { baseline: bound, canary: 1e-6 }),
    split: stats.logEvidenceOfMismatch(one.sessions, other.sessions, bound),
    pairs: stats.logEvidenceOfDiscordance({ onlyCanaryBad: one.bad, onlyBaselineBad: other.bad }),
  }));
});

test("ln of binomial coefficients and of Γ are numbers up to ten million", () => {
  finite(anyArm, ({ sessions, bad }) => ({
    choose: stats.logChoose(sessions, bad),
    gamma: stats.logGamma(sessions + 1e-6),
    beta: stats.incompleteBeta(1e-6, bad + 1, sessions - bad + 1),
  }));
});

test("bets stay numbers over ten thousand observations at either end of their range", () => {
  for (const x of [-1, 1e-300, 1]) {
    let state = stats.openBettingTest(-1);
    for (let i = 0; i < 10_000; i += 1) state = stats.observeBetting(state, x);
    expectFinite({ logE: state.logE, peak: state.peakLogE });
  }
});

test("an event of the very first, or among ten million at risk, moves the log-rank test to a number", () => {
  finite(fc.tuple(fc.constantFrom(...SIZES), fc.constantFrom(...SIZES)), ([baseline, canary]) => {
    const atRisk = { baseline: baseline + 1, canary: canary + 1 };
    const afterOne = stats.observeLogRank(stats.UNDECIDED_LOG_RANK, "canary", atRisk);
    return { logE: stats.observeLogRank(afterOne, "baseline", atRisk).logE };
  });
});
