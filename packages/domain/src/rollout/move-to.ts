import { newsOf } from "./news.ts";
import type { News, Phase, Rollout } from "./rollout.ts";
import { canaryWeightBp } from "./weight.ts";

/** `text` is what the timeline says happened, `reason` why the rollout is where it now is. */
export type Move = {
  readonly at: number;
  readonly text: string;
  readonly reason?: string;
  readonly actor?: string;
  readonly news?: News;
};

const WAITS_FOR_GATEWAYS: ReadonlySet<Phase["kind"]> = new Set([
  "Shifting",
  "Promoting",
  "RollingBack",
  "Aborting",
  "Superseding",
]);

/** Whether the phase is one that lasts until the gateways have acknowledged what is routed now. */
export function waitsForGateways(phase: Phase): boolean {
  if (phase.kind === "Paused") return phase.why === "routerStale";
  return WAITS_FOR_GATEWAYS.has(phase.kind) || (phase.kind === "Shadowing" && phase.startedAt === null);
}

/** Into another phase, with a line in the timeline. */
export function moveTo(rollout: Rollout, phase: Phase, move: Move): Rollout {
  const isNews = phase.kind !== "Paused" && waitsForGateways(phase);
  const propagation = isNews ? null : rollout.propagation;
  const news = newsOf(phase);
  const announcement = keepsAnnouncement(phase) ? rollout.announcement : null;
  return note(
    { ...rollout, phase, phaseSince: move.at, reason: move.reason ?? "", propagation, announcement },
    news === null ? move : { ...move, news },
  );
}

/** A decision that is still to be carried out; whatever else is entered has overtaken it. */
function keepsAnnouncement(phase: Phase): boolean {
  if (phase.kind === "Paused") return phase.why === "undoWindow" || phase.why === "targetUnhealthy";
  return phase.kind === "Succeeded";
}

/** A line in the timeline of a rollout that stays where it is. */
export function note(rollout: Rollout, { at, text, actor, news }: Move): Rollout {
  const entry = {
    at,
    phase: rollout.phase.kind,
    weightBp: canaryWeightBp(rollout),
    text,
    actor: actor ?? "controller",
    ...(news === undefined ? {} : { news }),
  };
  return { ...rollout, timeline: [...rollout.timeline, entry] };
}
