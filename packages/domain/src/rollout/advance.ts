import { applyBreaker } from "./apply-breaker.ts";
import { applyJudged, isJudged } from "./apply-landmark.ts";
import { applyHookAnswer } from "./apply-hook-answer.ts";
import { applyRequest, isRequest } from "./apply-request.ts";
import { applyOrder, isOrder } from "./apply-order.ts";
import { carryOutAnnounced } from "./condemn.ts";
import { applyCondition, holdForConditions } from "./conditions.ts";
import { endHold } from "./end-hold.ts";
import { moveTo } from "./move-to.ts";
import { leaveStep } from "./leave-step.ts";
import { leaveShadowing, stopMirror } from "./shadowing.ts";
import { formatPercent } from "./weight.ts";
import type { AppliedEvent, Phase, PhaseName, Rollout, RolloutEvent } from "./rollout.ts";

/** The first state of a rollout, from the first entry of its ledger. */
export function startRollout(event: AppliedEvent): Rollout {
  const rollout: Rollout = {
    id: event.rollout,
    plan: event.plan,
    baseline: event.baseline,
    canary: event.canary,
    seed: event.seed,
    supersedes: event.supersedes ?? [],
    forcedBecause: event.forcedBecause,
    isSynthetic: event.isSynthetic,
    appliedAt: event.at,
    phase: { kind: "Pending", isQueued: event.isQueued ?? false },
    phaseSince: event.at,
    reason: "",
    references: {},
    judgedThrough: {},
    landmarks: {},
    canaryJudged: 0,
    judgement: null,
    acknowledgedGates: [],
    hasAcknowledgedSampleRatio: false,
    conditions: {},
    outages: [],
    holdsFrom: null,
    announcement: null,
    targetProblem: null,
    decision: null,
    hookAnswers: {},
    mirrorStop: null,
    propagation: null,
    timeline: [],
  };
  const forced = event.forcedBecause === "" ? "" : `, although it is quarantined: ${event.forcedBecause}`;
  const text = `${event.canary.version} is to replace ${event.baseline.version}${forced}`;
  return moveTo(rollout, rollout.phase, { at: event.at, actor: event.actor, reason: "", text });
}

/** The next state. An event that means nothing in this state returns the very same object. */
export function advance(rollout: Rollout, event: RolloutEvent): Rollout {
  if (isRequest(event)) return applyRequest(rollout, event);
  if (isOrder(event)) return applyOrder(rollout, event);
  if (isJudged(event)) return applyJudged(rollout, event);
  switch (event.type) {
    case "timePassed":
      return applyTime(rollout, event.at);
    case "synced":
      return applySync(rollout, event);
    case "syncTimedOut":
      return applySyncTimeout(rollout, event);
    case "mirrorStopped":
      return stopMirror(rollout, event);
    case "hookAnswered":
      return applyHookAnswer(rollout, event);
    case "conditionChanged":
      return applyCondition(rollout, event);
    case "breakerTripped":
      return applyBreaker(rollout, event);
    case "targetChecked":
      return applyTargetCheck(rollout, event);
  }
}

function applyTime(rollout: Rollout, at: number): Rollout {
  const { phase } = rollout;
  if (phase.kind === "Pending") {
    if (phase.isQueued) return rollout;
    return moveTo(rollout, { kind: "Preparing" }, { at, text: "checks that the canary runs and a gateway listens" });
  }
  const judged = carryOutAnnounced(rollout, at);
  if (judged !== rollout) return judged;
  if (phase.kind === "Shadowing") return leaveShadowing(rollout, phase, at);
  const held = holdForConditions(rollout, at);
  if (held !== rollout) return held;
  const left = phase.kind === "Baking" ? leaveStep(rollout, phase, at) : rollout;
  return left === rollout ? endHold(rollout, at) : left;
}

function applyTargetCheck(rollout: Rollout, event: Extract<RolloutEvent, { type: "targetChecked" }>): Rollout {
  const targetProblem = event.isHealthy ? null : event.detail;
  return rollout.targetProblem === targetProblem ? rollout : { ...rollout, targetProblem };
}

function applySync(rollout: Rollout, event: Extract<RolloutEvent, { type: "synced" }>): Rollout {
  const move = isAbout(rollout, event.of) ? afterSync(rollout, event.at) : null;
  if (move === null) return rollout;
  return moveTo({ ...rollout, propagation: event.propagation }, move.phase, {
    at: event.at,
    reason: move.keepsReason ? rollout.reason : "",
    text: move.text,
  });
}

function isAbout({ phase, phaseSince }: Rollout, of: PhaseName): boolean {
  return phase.kind === of.kind && phaseSince === of.since;
}

type AfterSync = { readonly phase: Phase; readonly text: string; readonly keepsReason: boolean };

/** Where a phase goes that has waited for the gateways; null for a phase that has not. */
function afterSync(rollout: Rollout, at: number): AfterSync | null {
  const { phase, plan, canary } = rollout;
  if (phase.kind === "Shifting") {
    const text = `every gateway assigns at ${formatPercent(plan.steps[phase.step]?.weightBp ?? 0)}`;
    return { phase: { kind: "Baking", step: phase.step, startedAt: at }, text, keepsReason: false };
  }
  if (phase.kind === "Shadowing") return afterMirrorSync(rollout, phase, at);
  if (phase.kind === "Promoting") {
    const text = `every new session meets ${canary.version}`;
    return { phase: { kind: "Succeeded", rollbackUntil: at + plan.rollbackWindowMs }, text, keepsReason: true };
  }
  if (phase.kind === "RollingBack") {
    const text = `no gateway assigns sessions to ${canary.version} any more`;
    return { phase: { kind: "RolledBack" }, text, keepsReason: true };
  }
  if (phase.kind === "Superseding") {
    const text = `the canary gets no new sessions; those under way end with ${canary.version}`;
    return { phase: { kind: "Superseded" }, text, keepsReason: true };
  }
  if (phase.kind === "Aborting") {
    return { phase: { kind: "Aborted" }, text: "the canary gets no new sessions", keepsReason: true };
  }
  if (phase.kind !== "Paused" || phase.why !== "routerStale") return null;
  return {
    phase: { kind: "Shifting", step: phase.step },
    text: "the gateways agree again: tries the weight again",
    keepsReason: false,
  };
}

function afterMirrorSync(
  { plan }: Rollout,
  phase: Extract<Phase, { kind: "Shadowing" }>,
  at: number,
): AfterSync | null {
  if (phase.startedAt !== null) return null;
  const text = `every gateway mirrors ${formatPercent(plan.mirror?.percentageBp ?? 0)}`;
  return { phase: { ...phase, startedAt: at }, text, keepsReason: true };
}

/** Row 8 of the state table: a weight that not every gateway took is taken back, so that all gateways agree. */
function applySyncTimeout(rollout: Rollout, event: Extract<RolloutEvent, { type: "syncTimedOut" }>): Rollout {
  const { phase } = rollout;
  if (phase.kind !== "Shifting" || !isAbout(rollout, event.of)) return rollout;
  const routedStep = phase.step === 0 ? null : phase.step - 1;
  const reason = `no acknowledgement from ${event.laggards.join(", ")}: back to the previous weight until it answers`;
  return moveTo(
    rollout,
    { kind: "Paused", step: phase.step, startedAt: null, routedStep, why: "routerStale", gates: [] },
    { at: event.at, reason, text: reason },
  );
}
