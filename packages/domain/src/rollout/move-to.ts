import type { Phase, Rollout } from "./rollout.ts";
import { canaryWeightBp } from "./weight.ts";

/** `text` is what the timeline says happened, `reason` why the rollout is where it now is. */
export type Move = { readonly at: number; readonly text: string; readonly reason?: string; readonly actor?: string };

/** Phases that wait until the gateways have acknowledged what is routed now. */
const WAITS_FOR_GATEWAYS: ReadonlySet<Phase["kind"]> = new Set(["Shifting", "Promoting", "RollingBack", "Aborting"]);

/** Into another phase, with a line in the timeline. */
export function moveTo(rollout: Rollout, phase: Phase, move: Move): Rollout {
  const propagation = WAITS_FOR_GATEWAYS.has(phase.kind) ? null : rollout.propagation;
  const next: Rollout = { ...rollout, phase, phaseSince: move.at, reason: move.reason ?? "", propagation };
  const entry = {
    at: move.at,
    phase: phase.kind,
    weightBp: canaryWeightBp(next),
    text: move.text,
    actor: move.actor ?? "controller",
  };
  return { ...next, timeline: [...rollout.timeline, entry] };
}
