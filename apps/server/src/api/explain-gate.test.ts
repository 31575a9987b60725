import type { GateReport, Verdict } from "@perch/domain";
import { expect, test } from "vitest";
import { explainGate } from "./explain-gate.ts";

function aReport(verdict: Verdict, change: Partial<GateReport> = {}): GateReport {
  return {
    gate: {
      name: "escalation-rate",
      kind: "proportion",
      of: "escalation-rate",
      direction: "increase",
      objective: { max: 0.15 },
      margin: 0.04,
      role: "guardrail",
      onFail: "rollback",
      alpha: 0.004,
    },
    verdict,
    totals: { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 },
    logE: Math.log(340),
    rejectAtLogE: Math.log(250),
    fastPathAtLogE: Math.log(50),
    brokenWindows: 3,
    cleanWindows: 0,
    rates: { oddsRatio: { low: 0.2, high: 30 }, difference: { low: -1, high: 1 }, probabilityWorse: 0.5 },
    values: null,
    design: null,
    findings: [],
    segments: [],
    landmark: null,
    promise: null,
    nonInferiority: {
      referenceRate: null,
      method: null,
      level: null,
      marginOddsRatio: null,
      logE: 0,
      acceptAtLogE: 3,
      upperOddsRatio: null,
      isMet: false,
    },
    moreCanarySessions: null,
    ...change,
  };
}

test("a rejection tells its odds and what they lead to", () => {
  expect(explainGate(aReport({ kind: "fail", because: "evidence" }))).toBe(
    "odds 1:340 against no harm (rolls back at 1:250)",
  );
  const { gate } = aReport({ kind: "pass" });
  const signal = aReport({ kind: "fail", because: "evidence" }, { gate: { ...gate, role: "signal", onFail: "pause" } });
  expect(explainGate(signal)).toContain("pauses at 1:250");
});

test("the fast path tells the broken windows, and the odds that were enough then", () => {
  const report = aReport({ kind: "fail", because: "slo" }, { logE: Math.log(60) });
  expect(explainGate(report)).toBe(
    "broke its objective in 3 windows in a row, with odds 1:60 against no harm (1:50 is enough then)",
  );
});

test("a gate that cannot tell yet says what it needs and about how much of it", () => {
  const waiting = { kind: "inconclusive", waitingFor: "3 clean windows" } as const;
  expect(explainGate(aReport(waiting, { logE: Math.log(0.5), moreCanarySessions: 60 }))).toBe(
    "odds 1:0.50 against no harm (rolls back at 1:250); needs 3 clean windows; about 60 more canary sessions",
  );
});

test("odds of an SPRT say what they are for", () => {
  const design = { mde: 0.05, oddsRatio: 1.723 };
  expect(explainGate(aReport({ kind: "fail", because: "evidence" }, { design }))).toBe(
    "odds 1:340 for 5 points more (an odds ratio of 1.72) against no harm (rolls back at 1:250)",
  );
});

test("evidence beyond all doubt is not told to the last digit", () => {
  const report = aReport({ kind: "fail", because: "evidence" }, { logE: 100 });
  expect(explainGate(report)).toContain("odds beyond 1:1,000,000,000");
});

test("where sessions are judged at an age as well, it says whose odds these are: they have half of the error rate", () => {
  const totals = { baselineSessions: 10, baselineBad: 1, canarySessions: 10, canaryBad: 9 };
  const landmark = { ageMs: 1_800_000, totals, logE: Math.log(680), rejectAtLogE: Math.log(500) };
  const verdict = { kind: "fail", because: "evidence" } as const;
  expect(explainGate(aReport(verdict, { landmark }))).toBe(
    "odds 1:340 against no harm, half of those by sessions at 30 min (rolls back at 1:250)",
  );
  expect(explainGate(aReport(verdict, { landmark: { ...landmark, ageMs: 40_000 } }))).toContain("sessions at 40 s (");
  expect(explainGate(aReport(verdict, { landmark: { ...landmark, logE: 0 } }))).toContain("by sessions that ended");
  expect(explainGate(aReport(verdict, { landmark: { ...landmark, rejectAtLogE: null } }))).toContain("no harm (rolls");
});
