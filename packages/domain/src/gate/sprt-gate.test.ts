import { aGate, rejectionRate, reportOfSimulation, type GateSimulation } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ArmCounts } from "./block.ts";
import { logHarmOfCounts, observeCounts, openCounts, openCountsAt } from "./count-evidence.ts";

const GATE = aGate({ objective: null, margin: 0.04, mde: 0.04, alpha: 0.01 });

function escalating(canary: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [GATE],
    references: { "escalation-rate": 0.08 },
    weightBp: 2500,
    canarySessions: 600,
    seed: 3,
    session: (arm, random) => ({ isEscalated: random() < (arm === "canary" ? canary : 0.08) }),
    ...change,
  };
}

test("equal arms are rejected at most α of the time, and a canary as bad as designed for nearly always", () => {
  expect(rejectionRate(60, escalating(0.08))).toBeLessThanOrEqual(0.05);
  expect(rejectionRate(12, escalating(0.14, { canarySessions: 2000 }))).toBe(1);
});

test("near its design it needs fewer sessions than bets on harm of any size, far from it more", () => {
  const { mde: _, ...anySize } = GATE;
  const sessionsTo = (canary: number, gate: typeof anySize, seed: number): number => {
    const report = reportOfSimulation(escalating(canary, { gates: [gate], canarySessions: 400, seed }));
    return report.logE;
  };
  const mean = (canary: number, gate: typeof anySize): number =>
    Array.from({ length: 30 }, (_unused, seed) => sessionsTo(canary, gate, 100 + seed)).reduce((a, b) => a + b, 0) / 30;
  expect(mean(0.12, GATE)).toBeGreaterThan(mean(0.12, anySize));
  expect(mean(0.22, GATE)).toBeLessThan(mean(0.22, anySize));
});

test("a canary as good as the baseline passes by the test's own lower boundary", () => {
  const simulation = escalating(0.08, { canarySessions: 900 });
  const report = reportOfSimulation(simulation);
  expect(report.verdict).toEqual({ kind: "pass" });
  expect(report.design?.oddsRatio).toBeCloseTo(1.568, 3);
  // LLR = −ln E of "less bad than designed for": one test with two sides.
  expect(report.nonInferiority.logE).toBeCloseTo(-report.logE, 9);
  expect(report.logE).toBeLessThan(Math.log(0.05));
});

test("without history the design comes from the first hundred baseline sessions, which it is not tested on", () => {
  const block: ArmCounts = { baselineSessions: 60, baselineBad: 6, canarySessions: 10, canaryBad: 8 };
  const rule = { margin: 0.04, mde: 0.04 };
  const [first, second, third] = [1, 2, 3].map((blocks) =>
    Array.from({ length: blocks }, () => block).reduce(observeCounts, openCounts(rule, null, 500)),
  );
  expect(first?.harm).toEqual({ kind: "sprt", test: null });
  expect([first, second].map((evidence) => evidence && logHarmOfCounts(evidence))).toEqual([0, 0]);
  expect(second?.reference?.rate).toBe(0.1);
  expect(third && logHarmOfCounts(third)).toBeGreaterThan(0);
});

test("says how many sessions are still needed, until either side is reached", () => {
  const of = (canary: number, canarySessions: number) =>
    reportOfSimulation(escalating(canary, { canarySessions, seed: 8 }));
  expect(of(0.08, 60).moreCanarySessions).toBeGreaterThan(100);
  const doubtful = of(0.13, 150);
  expect(doubtful.verdict.kind).toBe("inconclusive");
  expect(doubtful.moreCanarySessions).toBeLessThan(1000);
});

test("is a number at every reference rate, whatever is designed for", () => {
  const difference = fc.constantFrom(1e-6, 0.04, 0.5, 0.999);
  const anyRun = fc.record({
    reference: fc.constantFrom(0, 1e-6, 0.019, 0.5, 1 - 1e-9, 1),
    rule: fc.record({ margin: difference, mde: difference }),
    drawn: fc.array(fc.record({ baselineBad: fc.nat(20), canaryBad: fc.nat(3) }), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(anyRun, ({ reference, rule, drawn }) => {
      const blocks = drawn.map((bad): ArmCounts => ({ ...bad, baselineSessions: 20, canarySessions: 3 }));
      const evidence = blocks.reduce(observeCounts, openCountsAt(rule, reference, 500));
      expect(Number.isFinite(logHarmOfCounts(evidence))).toBe(true);
    }),
  );
});
