import type { RolloutView } from "@perch/api";

export type Rung = {
  readonly weightBp: number;
  /** `stopped`: the step on which the rollout was taken back. */
  readonly state: "done" | "current" | "stopped" | "ahead";
};
export type Ladder = { readonly rungs: readonly Rung[]; readonly words: string };

/** The steps with what became of each. A rollout that was taken back stopped on the highest step that was ever routed. */
export function ladderOf(rollout: RolloutView): Ladder {
  if (rollout.steps.length === 0) return { rungs: [], words: "it only mirrors" };
  if (rollout.phase === "Promoting" || rollout.phase === "Succeeded") {
    return { rungs: rungsOf(rollout, rollout.steps.length, "done"), words: "every step passed" };
  }
  const total = rollout.steps.length;
  if (rollout.step !== null && rollout.weightBp > 0) {
    return { rungs: rungsOf(rollout, rollout.step, "current"), words: `step ${rollout.step + 1} of ${total}` };
  }
  const reached = Math.max(0, ...rollout.timeline.map((moment) => moment.weightBp));
  const stopped = rollout.steps.findLastIndex((step) => reached > 0 && step.weightBp <= reached);
  if (stopped === -1) return { rungs: rungsOf(rollout, -1, "ahead"), words: `${total} steps ahead` };
  return { rungs: rungsOf(rollout, stopped, "stopped"), words: `stopped on step ${stopped + 1} of ${total}` };
}

function rungsOf(rollout: RolloutView, here: number, state: Rung["state"]): readonly Rung[] {
  return rollout.steps.map(({ weightBp }, index) => {
    if (index === here) return { weightBp, state };
    return { weightBp, state: index < here ? "done" : "ahead" };
  });
}
