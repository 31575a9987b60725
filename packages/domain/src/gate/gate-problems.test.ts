import { aGate } from "@perch/testkit";
import { expect, test } from "vitest";
import { gateProblems, largestBadRate } from "./gate-problems.ts";
import type { GateSpec } from "./gate-spec.ts";

test.each([
  aGate(),
  aGate({ objective: null }),
  aGate({ of: "score.success", direction: "decrease", objective: { min: 0.7 } }),
  aGate({ of: "tool-error-rate", role: "signal", onFail: "pause" }),
])("accepts a legal gate", (gate) => {
  expect(gateProblems(gate)).toEqual([]);
});

test.each<[string, Partial<GateSpec>]>([
  ["a fall of escalations as bad", { direction: "decrease" }],
  ["a rise of successes as bad", { of: "score.success", direction: "increase", objective: null }],
  ["a least rate of escalations", { objective: { min: 0.1 } }],
  ["a largest rate of successes", { of: "score.success", direction: "decrease", objective: { max: 0.7 } }],
  ["a score without a name", { of: "score.", direction: "decrease", objective: null }],
  ["an objective in percent", { objective: { max: 12 } }],
  ["no margin", { margin: 0 }],
  ["a margin in percentage points", { margin: 4 }],
  ["a margin that is no number", { margin: Number.NaN }],
  ["a signal that rolls back", { role: "signal" }],
])("names the one problem of %s", (_, change) => {
  expect(gateProblems(aGate(change))).toHaveLength(1);
});

test("reports every problem at once", () => {
  expect(gateProblems(aGate({ direction: "decrease", margin: 4, role: "muted" }))).toHaveLength(3);
});

test("reads an objective of successes as a bound on failures", () => {
  expect(largestBadRate(aGate())).toBe(0.12);
  expect(largestBadRate(aGate({ objective: { min: 0.7 } }))).toBeCloseTo(0.3, 12);
  expect(largestBadRate(aGate({ objective: null }))).toBeNull();
});
