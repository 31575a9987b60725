import { condemn } from "./condemn.ts";
import { formatDuration } from "./duration.ts";
import { toNextStep } from "./leave-step.ts";
import { pauseFor } from "./pause-for.ts";
import { isOnStep, type OnStep } from "./phase-groups.ts";
import { analysisPolicy } from "./policies.ts";
import type { PauseReason, Rollout } from "./rollout.ts";

/** Pauses that `maxHold` ends where the file says `rollback`. An outage of data is none: it says nothing about the canary. */
const ENDED: ReadonlySet<PauseReason> = new Set(["signal", "sampleRatio", "noTraffic", "inconclusive"]);

/** Row 14 of the state table: what becomes of a step that has had no verdict for longer than `maxHold`; else the same object. */
export function endHold(rollout: Rollout, at: number): Rollout {
  const { phase, plan } = rollout;
  const { maxHoldMs, onInconclusive } = analysisPolicy(plan);
  const since = isOnStep(phase) ? heldSince(rollout, phase) : null;
  if (!isOnStep(phase) || since === null || at - since < maxHoldMs) return rollout;
  const reason = `no verdict within ${formatDuration(maxHoldMs)}`;
  if (onInconclusive === "rollback") return condemn(rollout, { at, culprits: [], reason });
  if (phase.kind !== "Baking") return rollout;
  if (onInconclusive === "hold") return pauseFor(rollout, phase, { at, why: "inconclusive", gates: [], reason });
  if (plan.steps[phase.step + 1] !== undefined) {
    return toNextStep(rollout, phase.step, {
      at,
      actor: "controller",
      because: `${reason}, and the file says proceed`,
    });
  }
  // Without evidence nobody but a person promotes.
  return pauseFor(rollout, phase, {
    at,
    why: "approval",
    gates: [],
    reason: `${reason}; a person has to approve the promotion (resume)`,
  });
}

function heldSince({ plan, phaseSince, holdsFrom }: Rollout, phase: OnStep): number | null {
  if (phase.kind === "Paused") return ENDED.has(phase.why) ? phaseSince : null;
  if (phase.kind === "Shifting") return null;
  return Math.max(phase.startedAt + (plan.steps[phase.step]?.durationMs ?? 0), holdsFrom ?? 0);
}
