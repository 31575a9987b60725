import { moveTo } from "./move-to.ts";
import type { OnStep } from "./phase-groups.ts";
import type { PauseReason, Phase, Rollout } from "./rollout.ts";

type Paused = Extract<Phase, { kind: "Paused" }>;

export type Pause = {
  readonly at: number;
  readonly why: PauseReason;
  readonly gates: readonly string[];
  readonly reason: string;
  readonly actor?: string;
};

/** The weight stays; what was known of the step's clock too. */
export function pauseFor(
  rollout: Rollout,
  phase: OnStep,
  { at, why, gates, reason, actor = "controller" }: Pause,
): Rollout {
  const startedAt = phase.kind === "Shifting" ? null : phase.startedAt;
  const routedStep = phase.kind === "Paused" ? phase.routedStep : phase.step;
  const paused: Paused = { kind: "Paused", step: phase.step, startedAt, routedStep, why, gates };
  return moveTo(rollout, paused, { at, actor, reason, text: reason });
}

/** Back to where the pause began: a step that had not begun to bake is shifted again. */
export function unpause(rollout: Rollout, phase: Paused, by: { at: number; actor: string; text: string }): Rollout {
  const { step, startedAt } = phase;
  const next: Phase = startedAt === null ? { kind: "Shifting", step } : { kind: "Baking", step, startedAt };
  return moveTo({ ...rollout, holdsFrom: by.at }, next, by);
}
