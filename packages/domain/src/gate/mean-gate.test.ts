import { judgeSimulation, reportOfSimulation, rejectionRate, simulateGates, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { MeanGate } from "./gate-spec.ts";

const COST: MeanGate = {
  name: "cost",
  kind: "mean",
  of: "cost",
  direction: "increase",
  objective: null,
  margin: { relative: 0.5 },
  range: null,
  role: "guardrail",
  onFail: "rollback",
  alpha: 0.01,
};

/** Lognormal cost with spread 0.8, the canary's times a factor. */
function costing(factor: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [COST],
    references: { cost: { kind: "quantiles", quantiles: [{ q: 0.99, value: Math.exp(0.8 * 2.326) }] } },
    weightBp: 2500,
    canarySessions: 400,
    seed: 1,
    session: (arm, random) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const costUsd = Math.exp(0.8 * normal) * (arm === "canary" ? factor : 1);
      return { measures: { ...NO_MEASURES, costUsd } };
    },
    ...change,
  };
}

test("equal costs are hardly ever called dearer, and half as dear again is found", () => {
  expect(rejectionRate(40, costing(1))).toBeLessThanOrEqual(1 / 40);
  expect(rejectionRate(10, costing(1.6))).toBeGreaterThan(0.8);
});

test("an equal cost is shown to be within the margin, one beyond it is not", () => {
  const [equal, dear] = [1, 1.5].map((factor) =>
    judgeSimulation(costing(factor, { canarySessions: 600, gates: [{ ...COST, onFail: "pause", alpha: 1e-6 }] })),
  );
  expect(equal?.reports[0]).toMatchObject({
    verdict: { kind: "pass" },
    nonInferiority: { isMet: true, method: "mean" },
  });
  expect(dear?.reports[0]?.nonInferiority.isMet).toBe(false);
});

test("a cost at the margin is promoted no more often than promised", () => {
  let promoted = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    const report = reportOfSimulation(costing(1.5, { seed, canarySessions: 300, gates: [{ ...COST, alpha: 1e-6 }] }));
    if (report.nonInferiority.isMet) promoted += 1;
  }
  expect(promoted / 40).toBeLessThanOrEqual(0.05);
});

test("what a person reads are both means, their ratio and the cap", () => {
  const report = reportOfSimulation(costing(1.6));
  expect(report.values).toMatchObject({ statistic: "mean", cap: expect.closeTo(6.43, 1) });
  expect(report.values?.canary).toBeGreaterThan((report.values?.baseline ?? 0) * 1.3);
  expect(report.values?.ratio?.low).toBeGreaterThan(1);
  expect(report.rates).toBeNull();
});

test("without history the cap is frozen from the first 100 baseline sessions, and those are not tested", () => {
  const without = simulateGates(costing(1.6, { references: {}, canarySessions: 60 })).gates[0]?.learnt;
  expect(without).toMatchObject({ kind: "mean", gathered: [] });
  const early = simulateGates(costing(1.6, { references: {}, canarySessions: 4 })).gates[0];
  expect(early).toMatchObject({ logE: 0, learnt: { cap: null, harm: { observations: 0 } } });
  expect(rejectionRate(10, costing(1.8, { references: {} }))).toBeGreaterThan(0.8);
});

test("capping does not hide a few sessions that cost a hundred times as much", () => {
  const session: GateSimulation["session"] = (arm, random) => ({
    measures: { ...NO_MEASURES, costUsd: arm === "canary" && random() < 0.08 ? 100 : 1 + random() },
  });
  const simulation = costing(1, {
    session,
    references: { cost: { kind: "quantiles", quantiles: [{ q: 0.99, value: 2 }] } },
  });
  const gate = simulateGates(simulation).gates[0];
  expect(gate?.rejectedBecause).toBe("evidence");
  expect(gate?.learnt.kind === "mean" && gate.learnt.aboveCap?.rollback.logE).toBeGreaterThan(Math.log(200));
});

test("sentiment is worse when it falls, and compared on its own range", () => {
  const gate: MeanGate = {
    ...COST,
    name: "sentiment",
    of: "sentiment",
    direction: "decrease",
    margin: { absolute: 0.1 },
    range: { low: -1, high: 1 },
  };
  const feeling = (fall: number): GateSimulation =>
    costing(1, {
      gates: [gate],
      references: {},
      session: (arm, random) => ({ meanSentiment: random() - 0.3 - (arm === "canary" ? fall : 0) }),
    });
  expect(reportOfSimulation(feeling(0)).verdict.kind).toBe("pass");
  expect(judgeSimulation(feeling(0.3)).culprits).toEqual(["sentiment"]);
});

test("a mean objective that is broken three windows in a row takes the fast path", () => {
  const gate = { ...COST, objective: { max: 2 }, alpha: 1e-4 };
  const report = reportOfSimulation(costing(2.2, { gates: [gate], canarySessions: 500 }));
  expect(report.brokenWindows).toBeGreaterThanOrEqual(3);
  expect(report.verdict.kind).toBe("fail");
});

test("a rate is the mean of each session's share, so that one long session counts once", () => {
  const gate: MeanGate = {
    ...COST,
    name: "failed-turns",
    kind: "rate",
    of: "failed-turns",
    margin: { absolute: 0.1 },
    range: { low: 0, high: 1 },
  };
  const failing = (share: number): GateSimulation =>
    costing(1, {
      gates: [gate],
      references: {},
      session: (arm, random) => ({ turns: 10, failedTurns: random() < (arm === "canary" ? share : 0.1) ? 4 : 0 }),
    });
  expect(reportOfSimulation(failing(0.1)).verdict.kind).toBe("pass");
  expect(judgeSimulation(failing(0.6)).culprits).toEqual(["failed-turns"]);
});
