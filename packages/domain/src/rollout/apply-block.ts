import { leaveStep } from "./leave-step.ts";
import { moveTo } from "./move-to.ts";
import { rollBack } from "./roll-back.ts";
import type { PauseReason, Phase, Rollout, RolloutEvent } from "./rollout.ts";

type BlockJudged = Extract<RolloutEvent, { type: "blockJudged" }>;
type Exposed = Extract<Phase, { kind: "Shifting" | "Baking" | "Paused" }>;

/**
 * What a judged block changes. A block that was judged before (a repeat after a crash) changes nothing; one that arrives
 * after the end is only counted, save that evidence of harm within the rollback window of a promotion still rolls back.
 */
export function applyBlock(rollout: Rollout, event: BlockJudged): Rollout {
  const { block } = event;
  if (block.throughSequence <= (rollout.judgedThrough[block.step] ?? 0)) return rollout;
  const counted: Rollout = {
    ...rollout,
    judgedThrough: { ...rollout.judgedThrough, [block.step]: block.throughSequence },
    canaryJudged: rollout.canaryJudged + block.canarySessions,
    judgement: event.judgement,
  };
  const { phase } = rollout;
  if (phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused") {
    return react(counted, phase, event);
  }
  const canStillRollBack = phase.kind === "Promoting" || (phase.kind === "Succeeded" && event.at < phase.rollbackUntil);
  const isHarmful = event.judgement.culprits.length > 0 && rollout.plan.isRollbackAutomatic;
  return canStillRollBack && isHarmful ? blame(counted, event) : counted;
}

/** Harm first, then what only pauses, then whatever lets the step go. */
function react(rollout: Rollout, phase: Exposed, event: BlockJudged): Rollout {
  const { culprits, isSampleRatioMismatch } = event.judgement;
  if (culprits.length > 0 && rollout.plan.isRollbackAutomatic) return blame(rollout, event);
  const isNew = (gate: string): boolean => !rollout.acknowledgedGates.includes(gate);
  const newCulprits = culprits.filter(isNew);
  const pausing = event.judgement.pausing.filter(isNew);
  if (phase.kind === "Paused") return pausing.length === 0 ? endSignalPause(rollout, phase, event.at) : rollout;
  if (newCulprits.length > 0) return pause(rollout, phase, { at: event.at, why: "guardrail", gates: newCulprits });
  if (isSampleRatioMismatch && !rollout.hasAcknowledgedSampleRatio) {
    return pause(rollout, phase, { at: event.at, why: "sampleRatio", gates: [] });
  }
  if (pausing.length > 0) return pause(rollout, phase, { at: event.at, why: "signal", gates: pausing });
  return phase.kind === "Baking" ? leaveStep(rollout, phase, event.at) : rollout;
}

function blame(rollout: Rollout, event: BlockJudged): Rollout {
  const { culprits } = event.judgement;
  const reason = `${culprits.join(" and ")} ${culprits.length === 1 ? "shows" : "show"} that the canary is worse`;
  return rollBack(rollout, { at: event.at, actor: "controller", culprits, reason });
}

const WHY: Readonly<Record<Exclude<PauseReason, "manual" | "approval" | "routerStale">, string>> = {
  guardrail: "shows that the canary is worse, and this rollout does not roll back on its own",
  signal: "differs from the baseline",
  sampleRatio: "the arms' shares are not what the weight says: telemetry of one arm may be missing",
};

function pause(
  rollout: Rollout,
  phase: Exclude<Exposed, { kind: "Paused" }>,
  why: { at: number; why: keyof typeof WHY; gates: readonly string[] },
): Rollout {
  const reason = why.gates.length === 0 ? WHY[why.why] : `${why.gates.join(", ")} ${WHY[why.why]}`;
  return moveTo(
    rollout,
    {
      kind: "Paused",
      step: phase.step,
      startedAt: phase.kind === "Baking" ? phase.startedAt : null,
      routedStep: phase.step,
      why: why.why,
      gates: why.gates,
    },
    { at: why.at, reason, text: reason },
  );
}

/** A pause that a signal caused ends by itself when the signal is clear again; every other pause stays. */
function endSignalPause(rollout: Rollout, phase: Extract<Phase, { kind: "Paused" }>, at: number): Rollout {
  if (phase.why !== "signal") return rollout;
  return unpause(rollout, phase, { at, actor: "controller", text: `${phase.gates.join(", ")}: clear again` });
}

/** Back to where the pause began: a step that had not begun to bake is shifted again. */
export function unpause(
  rollout: Rollout,
  phase: Extract<Phase, { kind: "Paused" }>,
  by: { at: number; actor: string; text: string },
): Rollout {
  const { step, startedAt } = phase;
  return moveTo(rollout, startedAt === null ? { kind: "Shifting", step } : { kind: "Baking", step, startedAt }, by);
}
