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
  | "e-process in the order of endings";

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
