import { aGate, aMaturedSession } from "@perch/testkit";
import { expect, test } from "vitest";
import type { GateSpec } from "../gate/gate-spec.ts";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import { knownBaseline } from "./known-baseline.ts";

const COMMON = { direction: "increase", role: "guardrail", onFail: "rollback", alpha: 0.01 } as const;
const GATES: readonly GateSpec[] = [
  aGate(),
  { ...COMMON, name: "cost", kind: "mean", of: "cost", objective: null, margin: { relative: 0.1 }, range: null },
  { ...COMMON, name: "promise", kind: "absolute", of: "cost", q: 0.9, objective: { max: 0.5 } },
  { ...COMMON, name: "tools", kind: "distribution", of: "trace.structure" },
];

function sessions(count: number) {
  return Array.from({ length: count }, (_, nth) =>
    aMaturedSession({
      isEscalated: nth % 10 === 0,
      toolSequence: ["find_user", "answer"],
      measures: { ...NO_MEASURES, costUsd: (nth % 5) / 5 },
    }),
  );
}

test("rates of bad sessions and of broken promises, values and features are taken from past sessions", () => {
  const known = knownBaseline(GATES, sessions(200), 0);
  expect(known.rates).toEqual({
    "escalation-rate": { rate: 0.1, sessions: 200 },
    promise: { rate: 0.4, sessions: 200 },
  });
  expect(Object.keys(known.values)).toEqual(["cost"]);
  expect(known.values["cost"]).toHaveLength(200);
  expect(known.features["tools"]?.sessions).toBe(200);
});

test("what too few sessions say is left out, each by what it needs", () => {
  expect(knownBaseline(GATES, sessions(50), 0)).toMatchObject({ values: {}, features: {} });
  expect(Object.keys(knownBaseline(GATES, sessions(50), 0).rates)).toEqual(["escalation-rate", "promise"]);
  expect(knownBaseline(GATES, sessions(19), 0)).toEqual({ rates: {}, values: {}, features: {}, landmarks: {} });
});

test("of a landmark, at which age its sessions would be read, and how many would be bad or not over then", () => {
  const aged = aGate({ name: "aged", landmark: { ageMs: null, readAt: "age" } });
  const history = sessions(200).map((one, nth) => ({ ...one, startedAt: 0, endedAt: (nth + 1) * 1000 }));
  const idle = history.map((one) => ({ ...one, endedBy: "idle" as const }));
  expect(knownBaseline([aged], history, 60_000).landmarks).toMatchObject({ aged: { ageMs: 180_000, rateAtAge: 0.19 } });
  expect(knownBaseline([aged], idle, 60_000).landmarks).toMatchObject({ aged: { ageMs: 240_000, rateAtAge: 0.19 } });
  expect(knownBaseline([aged], history.slice(0, 99), 0).landmarks).toEqual({});
});
