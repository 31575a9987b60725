import type { Overview, RolloutView } from "@perch/api";
import { sampleGate } from "./sample-gate.ts";
import { sampleSessions } from "./sample-sessions.ts";
import { sampleTimeline } from "./sample-timeline.ts";
import type { Situation } from "./situation.ts";

const START = Date.UTC(2031, 4, 9, 14, 0, 0);
const DECIDED_AT = START + 182_000;
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
    killed: [],
  };
  if (situation === "empty") return base;
  const recentSessions = sampleSessions(at, [BASELINE.digest, CANARY.digest]);
  return { ...base, rollouts: [sampleRollout(situation, canarySessions), earlierRollout()], recentSessions };
}

/** One rollout of the support agent in this situation. */
export function sampleRollout(situation: Exclude<Situation, "empty">, canarySessions: number): RolloutView {
  const ending = ENDINGS[situation];
  const seen = ending === "healthy" ? 412 : ending === "harmful" ? 92 : canarySessions;
  const isBack = ending === "harmful";
  return {
    id: "r-7c1e",
    name: "support-2-3-1",
    agent: "support",
    ...phaseOf(situation),
    phaseSince: ending === "open" ? START + 12_000 : DECIDED_AT,
    pausedBy: null,
    announcement: null,
    appliedAt: START,
    endedAt: situation === "rolledBack" || situation === "promoted" ? DECIDED_AT + 41 : null,
    baseline: BASELINE,
    canary: CANARY,
    mirror: null,
    harmBudget: null,
    afterPromotion: { until: null, watching: ["escalation-rate"], silent: [] },
    steps: LADDER.map((weightBp) => ({ weightBp, label: `${weightBp / 100} %` })),
    windowMs: 2_000,
    gates: sampleGates(seen, ending === "healthy"),
    culprits: isBack ? ["escalation-rate"] : [],
    rejectedGates: isBack ? ["escalation-rate"] : [],
    sampleRatio: { logE: -0.6, alarmAtLogE: Math.log(1_000), isMismatch: false },
    waitingFor:
      ending === "open"
        ? [
            "escalation-rate: evidence that the odds of a bad session are less than 4.00 times the baseline's",
            "error-rate: 3 clean windows of at least 20 canary sessions in a row (1 so far)",
          ]
        : [],
    arms: sampleArms(seen, ending === "healthy" ? seen * 1.4 : seen * 18),
    switchedSessions: 0,
    canarySessionsExposed: seen + 9,
    canarySessionsAtDecision: isBack ? seen : null,
    evidenceAtDecision: isBack ? { "escalation-rate": Math.log(340) } : null,
    drift: DRIFTS[ending],
    propagation: propagationOf(situation),
    timeline: sampleTimeline(situation, { startedAt: START, decidedAt: DECIDED_AT }),
    isSynthetic: false,
  };
}

type Ending = "open" | "harmful" | "healthy";
const ENDINGS: Record<Exclude<Situation, "empty">, Ending> = {
  ramping: "open",
  paused: "open",
  aborted: "open",
  rollingBack: "harmful",
  rolledBack: "harmful",
  promoted: "healthy",
};
const DRIFTS: Record<Ending, RolloutView["drift"]> = {
  open: sampleDrift(0.05, { newSessions: [12, 229], liveSessions: [31, 552], turns: [40, 817] }),
  harmful: sampleDrift(0, { newSessions: [0, 21], liveSessions: [17, 548], turns: [2, 91] }),
  healthy: sampleDrift(1, { newSessions: [499, 500], liveSessions: [188, 200], turns: [955, 1_000] }),
};

type SampleCount = readonly [canary: number, all: number];

function sampleDrift(
  target: number,
  of: Record<"newSessions" | "liveSessions" | "turns", SampleCount>,
): RolloutView["drift"] {
  const share = ([canary, all]: SampleCount): number => canary / all;
  const counts = ([canary, all]: SampleCount) => ({ canary, baseline: all - canary, all });
  return {
    target,
    newSessions: share(of.newSessions),
    liveSessions: share(of.liveSessions),
    turns: share(of.turns),
    since: target === 0.05 ? START + 12_000 : DECIDED_AT,
    counts: {
      newSessions: counts(of.newSessions),
      liveSessions: counts(of.liveSessions),
      turns: counts(of.turns),
    },
    liveBy: "pins",
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

function sampleGates(seen: number, isHealthy: boolean): RolloutView["gates"] {
  const common = {
    canarySessions: seen,
    baselineSessions: Math.round(seen * (isHealthy ? 1.4 : 18)),
    startedAt: START,
    isMet: isHealthy,
  };
  const escalation = {
    baselineRate: 0.081,
    canaryRate: isHealthy ? 0.079 : 0.22,
    margin: 0.04,
    objective: { max: 0.12 },
  };
  const error = { baselineRate: 0.012, canaryRate: 0.011, margin: 0.02, objective: { max: 0.05 } };
  const tool = { baselineRate: 0.034, canaryRate: 0.034, margin: 0.03, objective: null };
  return [
    sampleGate({ ...common, ...escalation, name: "escalation-rate", seed: 21, alpha: 0.004, role: "guardrail" }),
    sampleGate({ ...common, ...error, name: "error-rate", seed: 5, alpha: 0.003, role: "guardrail" }),
    sampleGate({ ...common, ...tool, name: "tool-error-rate", seed: 9, alpha: 0.003, role: "signal" }),
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

function propagationOf(situation: Situation): RolloutView["propagation"] {
  if (situation === "paused" || situation === "ramping") return null;
  const isBack = situation === "rolledBack";
  const second = situation === "rollingBack" ? null : DECIDED_AT + 38;
  return {
    revision: { epoch: 1, sequence: 8 },
    decidedAt: DECIDED_AT,
    firstAckAt: DECIDED_AT + 11,
    lastAckAt: second,
    gateways: [
      { gateway: "gw-a", ackedAt: DECIDED_AT + 11, fenced: false },
      { gateway: "gw-b", ackedAt: second, fenced: false },
      { gateway: "gw-c", ackedAt: isBack ? null : DECIDED_AT + 23, fenced: isBack },
    ],
  };
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
