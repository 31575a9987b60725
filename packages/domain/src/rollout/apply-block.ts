import { condemn } from "./condemn.ts";
import { leaveStep } from "./leave-step.ts";
import { note } from "./move-to.ts";
import { pauseFor, unpause } from "./pause-for.ts";
import { isOnStep, type OnStep } from "./phase-groups.ts";
import { analysisPolicy } from "./policies.ts";
import { isBakingPromotion, stepAfter } from "./promotion-bake.ts";
import type { Phase, Rollout, RolloutEvent } from "./rollout.ts";

type BlockJudged = Extract<RolloutEvent, { type: "blockJudged" }>;
/** `step`: of the sessions that were read. */
type Judged = Pick<BlockJudged, "at" | "judgement"> & { readonly step: number };
type Paused = Extract<Phase, { kind: "Paused" }>;

/**
 * What a judged block changes. A block that was judged before (a repeat after a crash) changes nothing; one that arrives
 * after the end is only counted, save that evidence of harm while a promotion bakes still rolls back.
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
  return heed(counted, { ...event, step: block.step });
}

/** What it makes of a judgement, once it is counted. */
export function heed(counted: Rollout, event: Judged): Rollout {
  const { phase } = counted;
  if (isOnStep(phase)) return react(counted, phase, event);
  const culprits = unseen(counted, event.judgement.culprits);
  const isBaking = phase.kind === "Promoting" || isBakingPromotion(counted, event.at);
  if (!isBaking || culprits.length === 0) return counted;
  if (event.step === stepAfter(counted.plan)) return blameAlone(counted, culprits, event.at);
  return counted.plan.isRollbackAutomatic ? blame(counted, culprits, event.at) : counted;
}

/** Harm first, then what only pauses, then whatever lets the step go. */
function react(rollout: Rollout, phase: OnStep, { at, judgement }: Judged): Rollout {
  const culprits = unseen(rollout, judgement.culprits);
  const pausing = unseen(rollout, judgement.pausing);
  // Where a person decides about rollbacks, one who has paused it already knows.
  const waits = !rollout.plan.isRollbackAutomatic && phase.kind === "Paused";
  if (culprits.length > 0 && !waits) return blame(rollout, culprits, at);
  if (phase.kind === "Paused") return pausing.length === 0 ? endPause(rollout, phase, at) : rollout;
  if (judgement.isSampleRatioMismatch && !rollout.hasAcknowledgedSampleRatio) return meetMismatch(rollout, phase, at);
  if (pausing.length > 0) {
    const reason = `${pausing.join(", ")} differs from the baseline`;
    return pauseFor(rollout, phase, { at, why: "signal", gates: pausing, reason });
  }
  return phase.kind === "Baking" ? leaveStep(rollout, phase, at) : rollout;
}

/** What a person has seen and gone on from is not said again. */
function unseen({ acknowledgedGates }: Rollout, gates: readonly string[]): readonly string[] {
  return gates.filter((gate) => !acknowledgedGates.includes(gate));
}

function blame(rollout: Rollout, culprits: readonly string[], at: number): Rollout {
  const reason = `${culprits.join(" and ")} ${culprits.length === 1 ? "shows" : "show"} that the canary is worse`;
  return condemn(rollout, { at, culprits, reason });
}

/** With nothing beside it the canary is not worse than anything: it does not keep what it promised. */
function blameAlone(rollout: Rollout, culprits: readonly string[], at: number): Rollout {
  const whose = culprits.length === 1 ? "its objective" : "their objectives";
  const verb = culprits.length === 1 ? "breaks" : "break";
  const reason = `${culprits.join(" and ")} ${verb} ${whose} since the promotion`;
  return condemn(rollout, { at, culprits, reason });
}

const MISMATCH = "the arms' shares are not what the weight says: telemetry of one arm may be missing";

/** It says that the comparison is void, and nothing about the canary. */
function meetMismatch(rollout: Rollout, phase: OnStep, at: number): Rollout {
  switch (analysisPolicy(rollout.plan).sampleRatio.action) {
    case "hold":
      return pauseFor(rollout, phase, { at, why: "sampleRatio", gates: [], reason: MISMATCH });
    case "warn":
      return note({ ...rollout, hasAcknowledgedSampleRatio: true }, { at, text: `goes on although ${MISMATCH}` });
    case "rollback":
      return condemn(rollout, { at, culprits: [], reason: MISMATCH });
  }
}

/** A pause that a signal or the lack of a verdict caused ends by itself; those of other causes stay. */
function endPause(rollout: Rollout, phase: Paused, at: number): Rollout {
  if (phase.why === "signal") {
    return unpause(rollout, phase, { at, actor: "controller", text: `${phase.gates.join(", ")}: clear again` });
  }
  const { judgement } = rollout;
  if (phase.why !== "inconclusive" || judgement?.canAdvance !== true || judgement.step !== phase.step) return rollout;
  const resumed = unpause(rollout, phase, { at, actor: "controller", text: "the gates have come to a verdict" });
  return resumed.phase.kind === "Baking" ? leaveStep(resumed, resumed.phase, at) : resumed;
}
