import type { Propagation, RolloutView } from "@perch/api";
import {
  canaryWeightBp,
  createBoard,
  isFinal,
  judgeStep,
  type Arm,
  type ArmSummary,
  type Judgement,
  type PropagationRecord,
  type Rollout,
} from "@perch/domain";
import type { HeldRollout } from "../controller/book.ts";
import { afterPromotionView } from "./after-promotion-view.ts";
import { driftOf, type LivePins } from "./drift-view.ts";
import { harmBudgetView } from "./harm-budget-view.ts";
import { toGateView } from "./gate-view.ts";
import type { SessionFigures } from "./session-figures.ts";

/** What only the running server knows of a rollout. */
export type LiveFacts = {
  /** While it waits for the gateways: how far they have come. */
  readonly propagation: PropagationRecord | null;
  /** What it waits for besides the gates, in a person's words. */
  readonly waitingFor: readonly string[];
  /** By release of the agent; null while the gateways cannot say. */
  readonly livePins: readonly LivePins[] | null;
  readonly now: number;
};

function decisionOf({
  decision,
}: Rollout): Pick<RolloutView, "culprits" | "canarySessionsAtDecision" | "evidenceAtDecision"> {
  if (decision === null) return { culprits: [], canarySessionsAtDecision: null, evidenceAtDecision: null };
  const { culprits, canarySessions, logE } = decision;
  return { culprits: [...culprits], canarySessionsAtDecision: canarySessions, evidenceAtDecision: { ...logE } };
}

/** Everything a person wants to know of a rollout, in one object. */
export function toRolloutView(held: HeldRollout, figures: SessionFigures, live: LiveFacts): RolloutView {
  const { rollout, evidence } = held;
  const judgement = judgeStep(evidence?.board ?? emptyBoard(rollout), rollout);
  // No gate has anything to say while nobody meets the canary.
  const isShadowing = rollout.phase.kind === "Shadowing";
  const reason = rollout.reason === "" ? live.waitingFor.join("; ") : rollout.reason;
  return {
    id: rollout.id,
    name: rollout.plan.name,
    agent: rollout.plan.agent,
    phase: rollout.phase.kind,
    reason,
    phaseSince: rollout.phaseSince,
    pausedBy: rollout.phase.kind === "Paused" ? rollout.phase.why : null,
    announcement: announcementOf(rollout),
    afterPromotion: afterPromotionView(rollout, live.now),
    appliedAt: rollout.appliedAt,
    endedAt: isFinal(rollout) ? rollout.phaseSince : null,
    baseline: rollout.baseline,
    canary: rollout.canary,
    mirror: mirrorView(rollout, figures),
    harmBudget: harmBudgetView(held),
    steps: rollout.plan.steps.map(({ weightBp }) => ({ weightBp, label: `${weightBp / 100} %` })),
    step: stepOf(rollout),
    weightBp: canaryWeightBp(rollout),
    windowMs: rollout.plan.windowMs,
    gates: judgement.reports.map((report) => toGateView(report, evidence?.history ?? [])),
    ...decisionOf(rollout),
    rejectedGates: rejectedGates(judgement),
    sampleRatio: { ...judgement.sampleRatio },
    waitingFor: isFinal(rollout) ? [] : [...live.waitingFor, ...(isShadowing ? [] : judgement.waitingFor)],
    arms: { baseline: armView(figures.arms.baseline), canary: armView(figures.arms.canary) },
    switchedSessions: figures.switched,
    canarySessionsExposed: figures.exposed,
    drift: driftOf(rollout, figures, live.livePins),
    propagation: propagationOf(rollout, live.propagation ?? rollout.propagation),
    timeline: rollout.timeline.map((entry) => ({ ...entry })),
    isSynthetic: rollout.isSynthetic,
  };
}

function mirrorView(
  { plan, phase, mirrorStop }: Rollout,
  { mirrored, compared }: SessionFigures,
): RolloutView["mirror"] {
  const { mirror = null } = plan;
  if (mirror === null) return null;
  return {
    percentageBp: mirror.percentageBp,
    isOn: phase.kind === "Shadowing" && mirrorStop === null,
    stoppedBecause: mirrorStop?.reason ?? "",
    spent: { ...mirrored },
    cap: { ...mirror.caps },
    compared: compared && { ...compared, failures: { ...compared.failures }, slower: { ...compared.slower } },
  };
}

function announcementOf({ announcement }: Rollout): RolloutView["announcement"] {
  return announcement === null ? null : { ...announcement, culprits: [...announcement.culprits] };
}

function emptyBoard(rollout: Rollout): ReturnType<typeof createBoard> {
  const { gates, steps, windowMs } = rollout.plan;
  return createBoard({ gates, weightsBp: steps.map((step) => step.weightBp), windowMs, references: {} });
}

function stepOf({ phase }: Rollout): number | null {
  return phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused" ? phase.step : null;
}

function rejectedGates({ reports }: Judgement): string[] {
  return reports
    .filter(({ gate, verdict }) => verdict.kind === "fail" && gate.role !== "muted")
    .map(({ gate }) => gate.name);
}

function armView({
  sessions,
  matured,
  turns,
  meanTurns,
  meanSentiment,
  meanToolCalls,
}: ArmSummary): RolloutView["arms"][Arm] {
  return { sessions, matured, turns, meanTurns, meanSentiment, meanToolCalls };
}

/** The decision that the gateways were last told: the latest change of what is routed. */
function propagationOf(rollout: Rollout, record: PropagationRecord | null): Propagation | null {
  if (record === null) return null;
  const decided = rollout.timeline.findLast(({ phase }) =>
    ["Shadowing", "Shifting", "Promoting", "RollingBack", "Aborting", "Superseding"].includes(phase),
  );
  const acks = record.gateways.flatMap(({ ackedAt }) => (ackedAt === null ? [] : [ackedAt]));
  return {
    revision: record.revision,
    decidedAt: rollout.decision?.decidedAt ?? decided?.at ?? rollout.phaseSince,
    firstAckAt: acks.length === 0 ? null : Math.min(...acks),
    lastAckAt: acks.length === 0 ? null : Math.max(...acks),
    gateways: record.gateways.map(({ gateway, ackedAt, isFenced }) => ({ gateway, ackedAt, fenced: isFenced })),
  };
}
