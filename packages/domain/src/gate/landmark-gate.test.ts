import { aGate, aMaturedSession, reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { referenceOf } from "./gate-reference.ts";
import { landmarkOf } from "./landmark.ts";

const MINUTE = 60_000;
const GATE = aGate({ landmark: { ageMs: 30 * MINUTE }, objective: null });

/** 8 % escalate after five minutes; of the canary another share is stuck, and its blocks are read without it. */
function stuck(share: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [GATE],
    references: { "escalation-rate": { kind: "landmark", rate: 0.08, ageMs: 30 * MINUTE, rateAtAge: 0.08 } },
    weightBp: 2500,
    canarySessions: 300,
    seed: 7,
    session: (arm, random) => {
      if (share > 0 && arm === "canary" && random() < share) return null;
      return { isEscalated: random() < 0.08 };
    },
    ...change,
  };
}

test("sessions that do not end are found, which counting ended ones alone never does", () => {
  expect(rejectionRate(10, stuck(0.25))).toBe(1);
  const { landmark: _, ...endedOnly } = GATE;
  expect(rejectionRate(10, stuck(0.25, { gates: [endedOnly] }))).toBe(0);
});

test("equal arms are hardly ever rejected, and pass by both views", () => {
  expect(rejectionRate(25, stuck(0))).toBe(0);
  const report = reportOfSimulation(stuck(0, { canarySessions: 1200 }));
  expect(report).toMatchObject({ verdict: { kind: "pass" }, landmark: { ageMs: 30 * MINUTE } });
});

test("a session is bad at an age when it is bad, or not over by then", () => {
  const rule = { ageMs: 1000, badOf: (session: { isEscalated: boolean }) => session.isEscalated };
  const ended = (endedAt: number, isEscalated = false) => aMaturedSession({ startedAt: 100, endedAt, isEscalated });
  expect(landmarkOf({ assignedAt: 100, matured: null }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1100) }, rule)).toBe(false);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1101) }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(500, true) }, rule)).toBe(true);
});

test("the age is the 90th percentile of past durations where the file names none", () => {
  const history = Array.from({ length: 200 }, (_, i) => aMaturedSession({ startedAt: 0, endedAt: (i + 1) * 1000 }));
  const reference = referenceOf(aGate({ landmark: { ageMs: null } }), history);
  expect(reference).toEqual({ kind: "landmark", rate: 0, ageMs: 180_000, rateAtAge: 0.1 });
});
