import type { Overview, RolloutView } from "@perch/api";
import { sampleGate } from "./sample-gate.ts";
import { sampleSessions } from "./sample-sessions.ts";

export type Situation = "empty" | "ramping" | "paused" | "rollingBack" | "rolledBack" | "promoted" | "aborted";
export const SITUATIONS: readonly Situation[] = [
  "empty",
  "ramping",
  "paused",
  "rollingBack",
  "rolledBack",
  "promoted",
  "aborted",
];

const START = Date.UTC(2031, 4, 9, 14, 0, 0);
const BASELINE = { version: "2.3.0", digest: `sha256:${"4be1c07a".repeat(8)}` };
const CANARY = { version: "2.3.1", digest: `sha256:${"9f2c81d0".repeat(8)}` };
const LADDER = [500, 2_500, 5_000, 10_000] as const;
const REVISION = { epoch: 1, sequence: 7 };

/** Everything the page can be shown, made up: what the server would send in this situation. */
export function sampleOverview(situation: Situation, canarySessions = 64): Overview {
  const at = START + 190_000;
  const base: Overview = {
    at,
    rollouts: [],
    gateways: [
      { gateway: "gw-a", sync: "Synced", revision: REVISION, lastSeenAt: at },
      { gateway: "gw-b", sync: situation === "rollingBack" ? "Pending" : "Synced", revision: REVISION, lastSeenAt: at },
      { gateway: "gw-c", sync: situation === "rolledBack" ? "Fenced" : "Synced", revision: REVISION, lastSeenAt: at },
    ],
    recentSessions: [],
    notice: "Simulated customers and a scripted model: no real customers are served.",
  };
  if (situation === "empty") return base;
  const recentSessions = sampleSessions(at, [BASELINE.digest, CANARY.digest]);
  return { ...base, rollouts: [sampleRollout(situation, canarySessions), earlierRollout()], recentSessions };
}

/** One rollout of the support agent in this situation. */
export function sampleRollout(situation: Exclude<Situation, "empty">, canarySessions: number): RolloutView {
  const isHealthy = situation === "promoted";
  const isBack = situation === "rolledBack" || situation === "rollingBack";
  const seen = isHealthy ? 412 : isBack ? 92 : canarySessions;
  const gates = sampleGates({ seen, isHealthy, isHarmful: isBack });
  const decidedAt = START + 182_000;
  return {
    id: "r-7c1e",
    name: "support-2-3-1",
    agent: "support",
    ...phaseOf(situation),
    phaseSince: isBack || isHealthy ? decidedAt : START + 12_000,
    appliedAt: START,
    endedAt: situation === "rolledBack" || isHealthy ? decidedAt + 41 : null,
    baseline: BASELINE,
    canary: CANARY,
    steps: LADDER.map((weightBp) => ({ weightBp, label: `${weightBp / 100} %` })),
    windowMs: 2_000,
    gates,
    culprits: isBack ? ["escalation-rate"] : [],
    rejectedGates: isBack ? ["escalation-rate"] : [],
    sampleRatio: { logE: -0.6, alarmAtLogE: Math.log(1_000), isMismatch: false },
    waitingFor: isBack || isHealthy ? [] : ["escalation-rate: odds ratio below 4", "2 more clean windows"],
    arms: sampleArms(seen, isHealthy ? seen * 1.4 : seen * 18),
    switchedSessions: 0,
    canarySessionsExposed: seen + 9,
    canarySessionsAtDecision: isBack ? seen : null,
    drift: {
      target: isBack ? 0 : isHealthy ? 1 : 0.05,
      newSessions: isBack ? 0 : isHealthy ? 0.998 : 0.0523,
      liveSessions: isBack ? 0.031 : isHealthy ? 0.94 : 0.0561,
      turns: isBack ? 0.022 : isHealthy ? 0.955 : 0.0489,
    },
    propagation: propagationOf(situation, decidedAt),
    timeline: timelineOf(situation, decidedAt),
    isSynthetic: false,
  };
}

function phaseOf(situation: Exclude<Situation, "empty">): Pick<RolloutView, "phase" | "reason" | "step" | "weightBp"> {
  switch (situation) {
    case "ramping":
      return { phase: "Baking", reason: "", step: 0, weightBp: 500 };
    case "paused":
      return { phase: "Paused", reason: "Looking at the transcripts first (console)", step: 0, weightBp: 500 };
    case "rollingBack":
      return { phase: "RollingBack", reason: "escalation-rate rejected", step: 0, weightBp: 0 };
    case "rolledBack":
      return { phase: "RolledBack", reason: "escalation-rate rejected", step: null, weightBp: 0 };
    case "promoted":
      return { phase: "Succeeded", reason: "", step: null, weightBp: 10_000 };
    case "aborted":
      return { phase: "Aborted", reason: "Wrong release, a newer one follows", step: null, weightBp: 0 };
  }
}

function sampleGates(input: { seen: number; isHealthy: boolean; isHarmful: boolean }): RolloutView["gates"] {
  const common = {
    canarySessions: input.seen,
    baselineSessions: Math.round(input.seen * (input.isHealthy ? 1.4 : 18)),
    startedAt: START,
    role: "guardrail" as const,
    isMet: input.isHealthy,
  };
  const canaryRate = input.isHealthy ? 0.079 : 0.22;
  return [
    sampleGate({
      ...common,
      name: "escalation-rate",
      seed: 21,
      alpha: 0.004,
      baselineRate: 0.081,
      canaryRate,
      margin: 0.04,
      objective: { max: 0.12 },
    }),
    sampleGate({
      ...common,
      name: "error-rate",
      seed: 5,
      alpha: 0.003,
      baselineRate: 0.012,
      canaryRate: 0.011,
      margin: 0.02,
      objective: { max: 0.05 },
    }),
    sampleGate({
      ...common,
      name: "tool-error-rate",
      seed: 9,
      alpha: 0.003,
      baselineRate: 0.034,
      canaryRate: 0.034,
      margin: 0.03,
      objective: null,
      role: "signal",
    }),
  ];
}

function sampleArms(canary: number, baseline: number): RolloutView["arms"] {
  const arm = (sessions: number): { sessions: number; matured: number; turns: number } => ({
    sessions: Math.round(sessions + 9),
    matured: Math.round(sessions),
    turns: Math.round(sessions * 3.4),
  });
  return {
    baseline: { ...arm(baseline), meanTurns: 3.41, meanSentiment: 0.184, meanToolCalls: 1.62 },
    canary: { ...arm(canary), meanTurns: 3.22, meanSentiment: 0.231, meanToolCalls: 1.48 },
  };
}

function propagationOf(situation: Situation, decidedAt: number): RolloutView["propagation"] {
  if (situation === "paused" || situation === "ramping") return null;
  const isBack = situation === "rolledBack";
  const second = situation === "rollingBack" ? null : decidedAt + 38;
  return {
    revision: { epoch: 1, sequence: 8 },
    decidedAt,
    firstAckAt: decidedAt + 11,
    lastAckAt: second,
    gateways: [
      { gateway: "gw-a", ackedAt: decidedAt + 11, fenced: false },
      { gateway: "gw-b", ackedAt: second, fenced: false },
      { gateway: "gw-c", ackedAt: isBack ? null : decidedAt + 23, fenced: isBack },
    ],
  };
}

function timelineOf(situation: Situation, decidedAt: number): RolloutView["timeline"] {
  const started: RolloutView["timeline"] = [
    { at: START, phase: "Pending", weightBp: 0, text: "Rollout accepted", actor: "demo" },
    {
      at: START + 120,
      phase: "Preparing",
      weightBp: 0,
      text: "Signatures verified, both releases deployed",
      actor: "controller",
    },
    { at: START + 700, phase: "Shifting", weightBp: 500, text: "Weight 5 %", actor: "controller" },
    {
      at: START + 741,
      phase: "Baking",
      weightBp: 500,
      text: "All 3 gateways assign by revision 1.7",
      actor: "controller",
    },
  ];
  const step = (at: number, weightBp: number): RolloutView["timeline"][number] => ({
    at,
    phase: "Shifting",
    weightBp,
    text: `Every gate clears the ladder: weight ${weightBp / 100} %`,
    actor: "controller",
  });
  switch (situation) {
    case "empty":
    case "ramping":
      return started;
    case "paused":
      return [
        ...started,
        {
          at: START + 60_000,
          phase: "Paused",
          weightBp: 500,
          text: "Looking at the transcripts first",
          actor: "console",
        },
      ];
    case "aborted":
      return [
        ...started,
        { at: decidedAt, phase: "Aborted", weightBp: 0, text: "Wrong release, a newer one follows", actor: "console" },
      ];
    case "rollingBack":
    case "rolledBack": {
      const decided = {
        at: decidedAt,
        phase: "RollingBack" as const,
        weightBp: 0,
        text: "escalation-rate rejected: 1:480 against no harm",
        actor: "gates",
      };
      const done = {
        at: decidedAt + 41,
        phase: "RolledBack" as const,
        weightBp: 0,
        text: "Acknowledged by 2 gateways, 1 fenced",
        actor: "controller",
      };
      return situation === "rollingBack" ? [...started, decided] : [...started, decided, done];
    }
    case "promoted":
      return [
        ...started,
        step(START + 60_000, 2_500),
        step(START + 110_000, 5_000),
        {
          at: decidedAt,
          phase: "Promoting",
          weightBp: 10_000,
          text: "Every gate is non-inferior within its margin",
          actor: "gates",
        },
        {
          at: decidedAt + 41,
          phase: "Succeeded",
          weightBp: 10_000,
          text: "2.3.1 is the current release",
          actor: "controller",
        },
      ];
  }
}

function earlierRollout(): RolloutView {
  const rollout = sampleRollout("promoted", 0);
  const shift = 86_400_000;
  return {
    ...rollout,
    id: "r-52aa",
    name: "support-2-3-0",
    appliedAt: rollout.appliedAt - shift,
    phaseSince: rollout.phaseSince - shift,
  };
}
