import { aGate, reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import { MOST_SEGMENTS } from "./segments-evidence.ts";

const INTENTS = ["orders", "refund", "shipping", "returns", "account"] as const;
const GATE = aGate({ segments: "intent", objective: null });

/** 8 % escalate whatever they ask for; of the canary's refunds a share does. */
function asking(refunds: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [GATE],
    references: { "escalation-rate": 0.08 },
    weightBp: 2500,
    canarySessions: 400,
    seed: 11,
    session: (arm, random) => {
      const intent = INTENTS[Math.floor(random() * INTENTS.length)] ?? "orders";
      const rate = arm === "canary" && intent === "refund" ? refunds : 0.08;
      return { isEscalated: random() < rate, measures: { ...NO_MEASURES, intent } };
    },
    ...change,
  };
}

test("a broken intent is found by itself, and told", () => {
  expect(rejectionRate(10, asking(0.5))).toBe(1);
  const { segments } = reportOfSimulation(asking(0.5));
  expect(segments[0]?.segment).toBe("refund");
  expect(segments.map(({ segment }) => segment).toSorted()).toEqual([...INTENTS].toSorted());
});

test("it is found where the total looks better than before", () => {
  const session: GateSimulation["session"] = (arm, random) => {
    const intent = random() < 0.15 ? "refund" : "orders";
    const [canary, baseline] = intent === "refund" ? [0.5, 0.1] : [0.03, 0.1];
    return { isEscalated: random() < (arm === "canary" ? canary : baseline), measures: { ...NO_MEASURES, intent } };
  };
  expect(rejectionRate(10, asking(0, { session }))).toBeGreaterThan(0.8);
  expect(rejectionRate(10, asking(0, { session, gates: [aGate({ objective: null })] }))).toBe(0);
});

test("equal arms are hardly ever rejected, however many intents there are", () => {
  const many: GateSimulation["session"] = (_, random) => ({
    isEscalated: random() < 0.08,
    measures: { ...NO_MEASURES, intent: `intent-${Math.floor(random() * 60)}` },
  });
  expect(rejectionRate(40, asking(0.08))).toBeLessThanOrEqual(1 / 40);
  expect(rejectionRate(40, asking(0, { session: many }))).toBeLessThanOrEqual(1 / 40);
  expect(reportOfSimulation(asking(0, { session: many })).segments).toHaveLength(MOST_SEGMENTS);
});

test("by tool, a failed call counts for the tool that failed", () => {
  const gate = aGate({ name: "tool-error-rate", of: "tool-error-rate", segments: "tool", objective: null });
  const simulation = asking(0, {
    gates: [gate],
    references: {},
    session: (arm, random) => {
      const failed = random() < (arm === "canary" ? 0.3 : 0.05) ? 1 : 0;
      const toolCalls = {
        search: { calls: 1, failed: 0, invalidArguments: 0 },
        refund: { calls: 1, failed, invalidArguments: 0 },
      };
      return { toolSequence: ["search", "refund"], failedToolCalls: failed, measures: { ...NO_MEASURES, toolCalls } };
    },
  });
  const { segments, verdict } = reportOfSimulation(simulation);
  expect(verdict.kind).toBe("fail");
  expect(segments.map(({ segment }) => segment)).toEqual(["refund", "search"]);
  expect(segments[1]?.totals.canaryBad).toBe(0);
});
