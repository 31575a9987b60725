import { judgeSimulation, reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { AbsoluteGate } from "./gate-spec.ts";

const PROMISE: AbsoluteGate = {
  name: "escalations",
  kind: "absolute",
  of: "escalation-rate",
  q: null,
  direction: "increase",
  objective: { max: 0.12 },
  role: "guardrail",
  onFail: "rollback",
  alpha: 0.01,
};

/** Both arms alike: a promise is not compared with the baseline. */
function escalating(rate: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [PROMISE],
    weightBp: 2500,
    canarySessions: 400,
    seed: 13,
    session: (_, random) => ({ isEscalated: random() < rate }),
    ...change,
  };
}

test("a promise that is just kept is hardly ever called broken, one that is broken is, whatever the baseline does", () => {
  expect(rejectionRate(50, escalating(0.12))).toBeLessThanOrEqual(3 / 50);
  expect(rejectionRate(10, escalating(0.25))).toBe(1);
});

test("it is passed on evidence that it is kept, and not at its bound", () => {
  expect(reportOfSimulation(escalating(0.05))).toMatchObject({ verdict: { kind: "pass" } });
  const atBound = reportOfSimulation(escalating(0.12, { gates: [{ ...PROMISE, alpha: 1e-9 }] }));
  expect(atBound.nonInferiority.isMet).toBe(false);
});

test("with a quantile it bounds the share of sessions beyond the objective", () => {
  const gate: AbsoluteGate = { ...PROMISE, name: "p95", of: "slowest-turn", q: 0.95, objective: { max: 4000 } };
  const slow = (share: number): GateSimulation =>
    escalating(0, {
      gates: [gate],
      session: (_, random) => ({ measures: { ...NO_MEASURES, slowestTurnMs: random() < share ? 5000 : 1000 } }),
    });
  expect(reportOfSimulation(slow(0.01)).verdict.kind).toBe("pass");
  expect(judgeSimulation(slow(0.2)).culprits).toEqual(["p95"]);
});
