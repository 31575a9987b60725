import { reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { QuantileGate } from "./gate-spec.ts";

const LATENCY: QuantileGate = {
  name: "p95-turn-latency",
  kind: "quantile",
  of: "slowest-turn",
  q: 0.95,
  direction: "increase",
  objective: null,
  margin: 0.2,
  role: "guardrail",
  onFail: "rollback",
  alpha: 0.01,
};
const SIGMA = 0.6;
const QUANTILES = [
  [0.5, 0],
  [0.95, 1.6449],
  [0.99, 2.3263],
].map(([q = 0, z = 0]) => ({ q, value: 1000 * Math.exp(SIGMA * z) }));

type Slowness = { readonly all?: number; readonly tail?: number };

/** Lognormal latency around a second; `all` slows every canary session, `tail` only the slowest tenth of them. */
function answering({ all = 1, tail = 1 }: Slowness, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [LATENCY],
    references: { "p95-turn-latency": { kind: "quantiles", quantiles: QUANTILES } },
    weightBp: 2500,
    canarySessions: 400,
    seed: 3,
    session: (arm, random) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const slow = arm === "canary" ? all * (normal > 1.2816 ? tail : 1) : 1;
      return { measures: { ...NO_MEASURES, slowestTurnMs: 1000 * Math.exp(SIGMA * normal) * slow } };
    },
    ...change,
  };
}

test("equal latencies are hardly ever called slower; a shift of all and a slow tail are found", () => {
  expect(rejectionRate(50, answering({}))).toBeLessThanOrEqual(1 / 50);
  expect(rejectionRate(12, answering({ all: 1.3 }))).toBeGreaterThan(0.85);
  expect(rejectionRate(12, answering({ tail: 2 }))).toBeGreaterThan(0.85);
});

test("an equal tail is shown to be within the margin; one at the margin is not", () => {
  const many = { canarySessions: 1500 };
  expect(reportOfSimulation(answering({}, many))).toMatchObject({
    verdict: { kind: "pass" },
    nonInferiority: { method: "exceedance", isMet: true },
  });
  let promoted = 0;
  const gates = [{ ...LATENCY, alpha: 1e-9 }];
  for (let seed = 0; seed < 40; seed += 1) {
    const report = reportOfSimulation(answering({ all: 1.2 }, { gates, seed, canarySessions: 500 }));
    if (report.nonInferiority.isMet) promoted += 1;
  }
  expect(promoted / 40).toBeLessThanOrEqual(0.05);
});

test("what a person reads are both quantiles with their confidence sequences", () => {
  const { values, totals } = reportOfSimulation(answering({ all: 1.3 }));
  expect(values).toMatchObject({ statistic: "p95", cap: null, ratio: null });
  const { baseline, canary, baselineRange } = values ?? expect.fail("a quantile gate reads values");
  expect(canary).toBeGreaterThan(Number(baseline));
  expect(baselineRange?.low).toBeLessThan(Number(baseline));
  expect(baselineRange?.high).toBeGreaterThan(Number(baseline));
  expect(totals.canaryBad).toBeGreaterThan(0);
});

test("thresholds are frozen from the first 100 baseline sessions where history has none", () => {
  const early = reportOfSimulation(answering({ all: 1.4 }, { references: {}, canarySessions: 4 }));
  expect(early.verdict).toMatchObject({ kind: "inconclusive", waitingFor: expect.stringContaining("100 baseline") });
  expect(rejectionRate(8, answering({ all: 1.4 }, { references: {} }))).toBeGreaterThan(0.8);
});

test("where the canary has most of the sessions, order alone does not make it slower", () => {
  expect(rejectionRate(40, answering({}, { weightBp: 6000 }))).toBeLessThanOrEqual(1 / 40);
  expect(rejectionRate(8, answering({ all: 1.3 }, { weightBp: 6000 }))).toBeGreaterThan(0.8);
});
