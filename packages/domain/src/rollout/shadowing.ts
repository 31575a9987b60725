import { moveTo, note } from "./move-to.ts";
import type { MirrorStop, Phase, Rollout } from "./rollout.ts";
import { formatPercent } from "./weight.ts";

type Shadowing = Extract<Phase, { kind: "Shadowing" }>;

export function beginShadowing(rollout: Rollout, at: number): Rollout {
  const share = formatPercent(rollout.plan.mirror?.percentageBp ?? 0);
  const text = `mirrors ${share} of new sessions to ${rollout.canary.version}; everybody is served by ${rollout.baseline.version}`;
  return moveTo(rollout, { kind: "Shadowing", startedAt: null, hold: null }, { at, text });
}

/** Goes on once its time has passed, unless a person holds it or has to approve; else the same object. */
export function leaveShadowing(rollout: Rollout, phase: Shadowing, at: number): Rollout {
  const { mirror } = rollout.plan;
  const isOver = phase.startedAt !== null && at - phase.startedAt >= (mirror?.durationMs ?? 0);
  if (!isOver || phase.hold !== null) return rollout;
  if (mirror?.requiresApproval !== true) return endShadowing(rollout, { at, actor: "controller" });
  const reason = "the mirror has run its time; a person has to approve (resume)";
  return moveTo(rollout, { ...phase, hold: "approval" }, { at, reason, text: reason });
}

/** To the first weight; or to the end, when the rollout has none: then it has done all it was to do. */
export function endShadowing(rollout: Rollout, by: { at: number; actor: string }): Rollout {
  const first = rollout.plan.steps[0];
  if (first === undefined) {
    const text = `the mirror has run its time: ${rollout.baseline.version} stays the current release`;
    return moveTo(rollout, { kind: "Succeeded", rollbackUntil: by.at }, { ...by, text });
  }
  const text = `the mirror has run its time: goes on to ${formatPercent(first.weightBp)}`;
  return moveTo(rollout, { kind: "Shifting", step: 0 }, { ...by, text });
}

/** The phase goes on: what is mirrored by then is what there is. */
export function stopMirror(rollout: Rollout, { at, reason, stops }: MirrorStop): Rollout {
  const before = rollout.mirrorStop?.stops ?? null;
  if (rollout.phase.kind !== "Shadowing" || before === "everything" || before === stops) return rollout;
  const text = `${stops === "everything" ? "mirrors nothing more" : "mirrors no further session"}: ${reason}`;
  return note({ ...rollout, mirrorStop: { at, reason, stops } }, { at, text });
}
