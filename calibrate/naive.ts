import {
  blockLogLikelihood,
  logLikelihoodOfKnownRates,
  observeRollbackTest,
  openRollbackTest,
  ROLLBACK_LOG_ODDS,
  type BlockCounts,
} from "@perch/stats";
import type { Measured } from "./scenario.ts";

/** A session as a rule sees it that ended. */
export type Ended = { readonly isCanary: boolean; readonly isBad: boolean; readonly measured: Measured };

/**
 * A rule that people use or that looks right, beside the engine on the same sessions: a trap in which none of them falls
 * would show nothing. Sessions come in the order in which they end.
 */
export type NaiveRule = { ended(session: Ended): void; windowEnded(): void; hasFired(): boolean };

export type NaiveName =
  | "peeked z-test of pooled sessions"
  | "SPRT against a fixed rate"
  | "e-process of turns"
  | "e-process in the order of endings"
  | "slowest of five over the 95th percentile"
  | "peeked z-test of mean cost";

export function createNaive(name: NaiveName): NaiveRule {
  switch (name) {
    case "peeked z-test of pooled sessions":
      return pooledTest();
    case "SPRT against a fixed rate":
      return fixedRate();
    case "e-process of turns":
      return inBlocks(({ isBad, measured }) => measured.turns ?? { all: 1, bad: isBad ? 1 : 0 });
    case "e-process in the order of endings":
      return inBlocks(({ isBad }) => ({ all: 1, bad: isBad ? 1 : 0 }));
    case "slowest of five over the 95th percentile":
      return slowestOfFive();
    case "peeked z-test of mean cost":
      return meanTest();
  }
}

/** Two-sided at 1 %. */
const Z = 2.5758;
const FEWEST = 30;
const REJECT_AT = Math.log(100);

/** All sessions that have ended, whatever the weight was, compared anew at each window's end. */
function pooledTest(): NaiveRule {
  const sessions = [0, 0];
  const bad = [0, 0];
  let hasFired = false;
  return {
    ended({ isCanary, isBad }) {
      const arm = isCanary ? 1 : 0;
      sessions[arm] = (sessions[arm] ?? 0) + 1;
      if (isBad) bad[arm] = (bad[arm] ?? 0) + 1;
    },
    windowEnded() {
      const [n0 = 0, n1 = 0, x0 = 0, x1 = 0] = [...sessions, ...bad];
      const pooled = (x0 + x1) / (n0 + n1);
      if (n1 < FEWEST || n0 < FEWEST || pooled === 0) return;
      const spread = Math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1));
      hasFired ||= Math.abs(x1 / n1 - x0 / n0) > Z * spread;
    },
    hasFired: () => hasFired,
  };
}

/** The canary alone, against 8 % from history; designed for 12 %. */
function fixedRate(): NaiveRule {
  let llr = 0;
  let hasFired = false;
  return {
    ended({ isCanary, isBad }) {
      if (isCanary) {
        llr += logLikelihoodOfKnownRates({ sessions: 1, bad: isBad ? 1 : 0 }, { baseline: 0.08, canary: 0.12 });
      }
    },
    windowEnded() {
      hasFired ||= llr >= REJECT_AT;
    },
    hasFired: () => hasFired,
  };
}

/** The engine's own test, but of something else than sessions in the order in which they were assigned. */
function inBlocks(unitsOf: (session: Ended) => { readonly all: number; readonly bad: number }): NaiveRule {
  let test = openRollbackTest(500);
  let sessions = { baseline: 0, canary: 0 };
  let counts: BlockCounts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
  return {
    ended(session) {
      const { all, bad } = unitsOf(session);
      counts = session.isCanary
        ? { ...counts, canarySessions: counts.canarySessions + all, canaryBad: counts.canaryBad + bad }
        : { ...counts, baselineSessions: counts.baselineSessions + all, baselineBad: counts.baselineBad + bad };
      sessions[session.isCanary ? "canary" : "baseline"] += 1;
      if (sessions.canary < 2 || sessions.baseline < 10) return;
      test = observeRollbackTest(test, blockLogLikelihood(counts, ROLLBACK_LOG_ODDS));
      sessions = { baseline: 0, canary: 0 };
      counts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
    },
    windowEnded: () => undefined,
    hasFired: () => test.peakLogE >= REJECT_AT,
  };
}

/** "The 95th percentile was over its bound by a tenth, three times in a row", in windows of five canary sessions. */
function slowestOfFive(): NaiveRule {
  let window: number[] = [];
  let [inARow, hasFired] = [0, false];
  return {
    ended({ isCanary, measured }) {
      if (!isCanary || measured.slowestTurnMs === undefined) return;
      window.push(measured.slowestTurnMs);
      if (window.length < 5) return;
      inARow = Math.max(...window) > 1.1 * P95_MS ? inARow + 1 : 0;
      window = [];
      hasFired ||= inARow >= 3;
    },
    windowEnded: () => undefined,
    hasFired: () => hasFired,
  };
}

/** The baseline's true 95th percentile of a lognormal with median 1 s and σ = 0.6. */
export const P95_MS = 1000 * Math.exp(0.6 * 1.6449);

/** "The means differ", uncapped, with the usual standard error. */
function meanTest(): NaiveRule {
  const arms = [
    { n: 0, sum: 0, squares: 0 },
    { n: 0, sum: 0, squares: 0 },
  ];
  let hasFired = false;
  return {
    ended({ isCanary, measured }) {
      const arm = arms[isCanary ? 1 : 0];
      if (arm === undefined || measured.costUsd === undefined) return;
      arm.n += 1;
      arm.sum += measured.costUsd;
      arm.squares += measured.costUsd * measured.costUsd;
    },
    windowEnded() {
      const [a, b] = arms.map(({ n, sum, squares }) => ({ n, mean: sum / n, variance: squares / n - (sum / n) ** 2 }));
      if (a === undefined || b === undefined || Math.min(a.n, b.n) < FEWEST) return;
      hasFired ||= Math.abs(a.mean - b.mean) > Z * Math.sqrt(a.variance / a.n + b.variance / b.n);
    },
    hasFired: () => hasFired,
  };
}
