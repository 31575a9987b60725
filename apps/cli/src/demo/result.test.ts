import { describe, expect, test } from "vitest";
import { driftSchema, type GateView, type RolloutView } from "@perch/api";
import { evidenceBar, progressLine } from "./progress.ts";
import { toResult, type DemoResult } from "./result.ts";
import { odds, summaryOf } from "./summary.ts";

const GATE: GateView = {
  name: "escalation-rate",
  kind: "proportion",
  of: "escalation-rate",
  role: "guardrail",
  objective: { max: 0.15 },
  margin: 0.04,
  isMarginRelative: false,
  design: null,
  values: null,
  findings: [],
  segments: [],
  landmark: null,
  promise: null,
  verdict: "fail",
  explanation: "",
  baseline: { sessions: 1000, bad: 80, rate: 0.08 },
  canary: { sessions: 60, bad: 13, rate: 0.217 },
  alpha: 0.008,
  logE: Math.log(98),
  rejectAtLogE: Math.log(125),
  fastPathAtLogE: Math.log(25),
  brokenWindows: 2,
  cleanWindows: 0,
  oddsRatio: { low: 1.3, high: 6 },
  difference: { low: 0.02, high: 0.3 },
  probabilityWorse: 0.999,
  nonInferiority: {
    referenceRate: 0.08,
    marginOddsRatio: 1.57,
    logE: -3,
    acceptAtLogE: 3,
    upperOddsRatio: null,
    isMet: false,
  },
  moreCanarySessions: null,
  history: [],
};
const ARM = { sessions: 0, matured: 0, turns: 0, meanTurns: null, meanSentiment: null, meanToolCalls: null };

function rolledBack(changes: Partial<RolloutView> = {}): RolloutView {
  return {
    id: "support-2-3-1",
    name: "support-2-3-1",
    agent: "support",
    phase: "RolledBack",
    reason: "",
    phaseSince: 60_020,
    pausedBy: null,
    announcement: null,
    appliedAt: 10_000,
    endedAt: 60_020,
    baseline: { digest: "sha256:a", version: "2.3.0" },
    canary: { digest: "sha256:b", version: "2.3.1" },
    mirror: null,
    harmBudget: null,
    afterPromotion: null,
    steps: [{ weightBp: 500, label: "5 %" }],
    step: null,
    weightBp: 0,
    windowMs: 2000,
    gates: [GATE],
    culprits: ["escalation-rate"],
    rejectedGates: ["escalation-rate"],
    sampleRatio: { logE: 0, alarmAtLogE: 6.9, isMismatch: false },
    waitingFor: [],
    arms: {
      baseline: { ...ARM, sessions: 1010, meanSentiment: 0.01 },
      canary: { ...ARM, sessions: 66, meanSentiment: 0.04 },
    },
    switchedSessions: 0,
    canarySessionsExposed: 66,
    canarySessionsAtDecision: 60,
    evidenceAtDecision: { "escalation-rate": Math.log(340) },
    drift: driftSchema.parse({ target: 0, newSessions: 0, liveSessions: 0, turns: 0.05 }),
    propagation: {
      revision: { epoch: 1, sequence: 4 },
      decidedAt: 60_000,
      firstAckAt: 60_012,
      lastAckAt: 60_012.5,
      gateways: [{ gateway: "g", ackedAt: 60_012.5, fenced: false }],
    },
    timeline: [],
    isSynthetic: false,
    ...changes,
  };
}

const CUSTOMERS = { started: 1100, finished: 1090, failed: 0, ratePerSecond: 40, switchedSessions: 0 };

function resultOf(rollout: RolloutView, changes: Partial<Parameters<typeof toResult>[0]> = {}): DemoResult {
  const restarts = { server: 0, gateway: 0 };
  return toResult({
    scenario: "regression",
    rollout,
    customers: CUSTOMERS,
    restarts,
    consoleUrl: "http://x",
    ...changes,
  });
}

describe("the demo's result", () => {
  test("counts the milliseconds from the decision to the last acknowledgement", () => {
    expect(resultOf(rolledBack()).rollbackMs).toBe(12.5);
  });

  test("is as expected only when escalation alone caused the rollback", () => {
    expect(resultOf(rolledBack()).isAsExpected).toBe(true);
    expect(resultOf(rolledBack({ culprits: ["escalation-rate", "error-rate"] })).isAsExpected).toBe(false);
    expect(resultOf(rolledBack({ culprits: ["error-rate"] })).isAsExpected).toBe(false);
    expect(resultOf(rolledBack({ phase: "Baking", culprits: [] })).isAsExpected).toBe(false);
  });

  test("is as expected for a harmless canary only when it was promoted", () => {
    expect(resultOf(rolledBack(), { scenario: "healthy" }).isAsExpected).toBe(false);
    expect(resultOf(rolledBack({ phase: "Succeeded", culprits: [] }), { scenario: "healthy" }).isAsExpected).toBe(true);
  });

  test("takes the larger of the two counts of switched sessions", () => {
    expect(resultOf(rolledBack(), { customers: { ...CUSTOMERS, switchedSessions: 2 } }).switchedSessions).toBe(2);
    expect(resultOf(rolledBack({ switchedSessions: 3 })).switchedSessions).toBe(3);
  });
});

describe("the summary", () => {
  test("tells cause, evidence, exposure, speed and where to look", () => {
    const text = summaryOf(resultOf(rolledBack()), "The story.");
    for (const part of [
      "ROLLED BACK on escalation-rate",
      "8.0 %",
      "21.7 %",
      "1:340",
      "66 customers",
      "12.5 ms",
      "http://x",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("says that sentiment alone would have misled", () => {
    expect(summaryOf(resultOf(rolledBack()), "")).toContain("By sentiment alone the canary looked better");
  });

  test("says that people and model are simulated", () => {
    expect(summaryOf(resultOf(rolledBack()), "")).toContain("simulated");
  });

  test.each([
    [Math.log(340), "1:340"],
    [0, "1:1"],
    [Math.log(0.25), "4.0:1 against"],
    [40, "1:2.4e+17"],
  ])("writes the evidence ln E = %f as odds %s", (logE, text) => {
    expect(odds(logE)).toBe(text);
  });
});

describe("the progress line", () => {
  test("shows phase, sessions and the gate nearest to a rollback", () => {
    const line = progressLine(rolledBack({ phase: "Baking", weightBp: 500 }), 40);
    expect(line).toContain("Baking");
    expect(line).toContain("5 %");
    expect(line).toContain("escalation-rate 8.0 % → 21.7 %");
  });

  test("fills the bar at the threshold and never beyond", () => {
    expect(evidenceBar(50, 5)).toBe(`[${"█".repeat(16)}]`);
    expect(evidenceBar(-3, 5)).toBe(`[${"·".repeat(16)}]`);
  });
});
