import { driftSchema, type GateView, type ReportView } from "@perch/api";

const START = Date.parse("2026-01-02T03:00:00Z");
const MINUTE = 60_000;

/** A rollout that a guardrail took back after half an hour, with two writes by its canary's sessions. For tests. */
export function aReport(change: Partial<ReportView> = {}): ReportView {
  return {
    at: START + 45 * MINUTE,
    rollout: aRolledBackRollout(),
    exposure: minutes((n) => ({
      at: START + n * MINUTE,
      step: n < 15 ? 0 : 1,
      canarySessions: 3 * n,
      baselineSessions: 40 * n,
    })),
    excess: [{ gate: "escalation-rate", sessions: 90, bad: 12.4 }],
    outlook: { sessionsPerWindow: null, upperExcess: null, nextWeightBp: null, horizonWindows: 12, worstHarm: null },
    decided: [{ at: START, actor: "cli:ada", did: "start", why: "" }],
    ledger: { entries: 41, sequence: 77, hash: "ab".repeat(32) },
    blastRadius: {
      unknownBecause: "",
      tools: [{ tool: "refund", cancel: "https://api.example/refunds/cancel", calls: 2, failed: 1, sessions: 2 }],
      calls: [1, 2].map((n) => ({
        session: `session-${n}`,
        traceId: "1".repeat(32),
        spanId: "2".repeat(16),
        at: START + n * MINUTE,
        tool: "refund",
        isError: n === 2,
        argumentsDigest: `sha256:${"c".repeat(64)}`,
        argumentShape: "amount:number,order_id:string",
        resultDigest: null,
        idempotencyKey: n === 1 ? "r-77" : null,
        callId: `call_${n}`,
      })),
      isCut: false,
    },
    ...change,
  };
}

function minutes<T>(of: (n: number) => T): T[] {
  return Array.from({ length: 30 }, (_, index) => of(index + 1));
}

function aRolledBackRollout(): ReportView["rollout"] {
  const arm = { matured: 80, turns: 400, meanTurns: 5, meanSentiment: null, meanToolCalls: 1.2 };
  return {
    id: "support-2-3-1",
    name: "support-2-3-1",
    agent: "support",
    phase: "RolledBack",
    reason: "escalation-rate shows that the canary is worse",
    phaseSince: START + 30 * MINUTE,
    pausedBy: null,
    announcement: null,
    appliedAt: START,
    endedAt: START + 30 * MINUTE,
    baseline: { digest: `sha256:${"0".repeat(64)}`, version: "2.3.0" },
    canary: { digest: `sha256:${"1".repeat(64)}`, version: "2.3.1" },
    mirror: null,
    harmBudget: null,
    afterPromotion: null,
    steps: [
      { weightBp: 500, label: "5 %" },
      { weightBp: 2500, label: "25 %" },
    ],
    step: null,
    weightBp: 0,
    windowMs: 5 * MINUTE,
    gates: [aGateView()],
    culprits: ["escalation-rate"],
    rejectedGates: ["escalation-rate"],
    sampleRatio: { logE: 0, alarmAtLogE: 6.9, isMismatch: false },
    waitingFor: [],
    arms: { baseline: { ...arm, sessions: 1200 }, canary: { ...arm, sessions: 92 } },
    switchedSessions: 0,
    canarySessionsExposed: 92,
    canarySessionsAtDecision: 90,
    evidenceAtDecision: { "escalation-rate": 5.6 },
    drift: driftSchema.parse({ target: 0, newSessions: 0, liveSessions: 0.01, turns: 0.02, since: START }),
    propagation: {
      revision: { epoch: 1, sequence: 4 },
      decidedAt: START + 30 * MINUTE,
      firstAckAt: START + 30 * MINUTE + 11,
      lastAckAt: START + 30 * MINUTE + 34,
      gateways: [],
    },
    timeline: aTimeline(),
    isSynthetic: false,
  };
}

function aTimeline(): ReportView["rollout"]["timeline"] {
  const entry = (
    minute: number,
    phase: "Pending" | "Shifting" | "Baking" | "RollingBack" | "RolledBack",
    weightBp: number,
  ) => ({
    at: START + minute * MINUTE,
    phase,
    weightBp,
    text: `${phase} it is`,
    actor: "controller",
  });
  return [
    entry(0, "Pending", 0),
    entry(0.2, "Shifting", 500),
    entry(0.3, "Baking", 500),
    entry(15, "Shifting", 2500),
    entry(15.1, "Baking", 2500),
    entry(29.99, "RollingBack", 0),
    entry(30, "RolledBack", 0),
  ];
}

function aGateView(): GateView {
  return {
    name: "escalation-rate",
    kind: "proportion",
    of: "escalation-rate",
    role: "guardrail",
    objective: { max: 0.12 },
    margin: 0.04,
    isMarginRelative: false,
    design: null,
    values: null,
    findings: [],
    segments: [],
    landmark: null,
    promise: null,
    verdict: "fail",
    explanation: "evidence 1:270 against no harm",
    baseline: { sessions: 1200, bad: 96, rate: 0.08 },
    canary: { sessions: 90, bad: 20, rate: 0.222 },
    alpha: 0.004,
    logE: 5.6,
    rejectAtLogE: 5.52,
    fastPathAtLogE: 3.9,
    brokenWindows: 2,
    cleanWindows: 0,
    oddsRatio: { low: 1.4, high: 6.2 },
    difference: { low: 0.03, high: 0.27 },
    probabilityWorse: 0.998,
    nonInferiority: {
      referenceRate: 0.08,
      marginOddsRatio: 1.57,
      logE: -3,
      acceptAtLogE: 3,
      upperOddsRatio: null,
      isMet: false,
    },
    moreCanarySessions: null,
    history: minutes((n) => ({
      at: START + n * MINUTE,
      canarySessions: 3 * n,
      logE: Math.sin(n) * 0.4 + (n * n) / 160,
    })),
  };
}
