import {
  hooksBeforeStart,
  hooksDuringStep,
  hooksOnTheWay,
  answerKey,
  presentMoment,
  webhooksOf,
  type HookCall,
} from "./hooks.ts";
import { wayOut } from "./leave-step.ts";
import type { PhaseKind, Rollout, TimelineEntry } from "./rollout.ts";

/** `asks`: something waits until it agrees. `polls`: asked again and again whether to roll back. `tells`: nothing waits. */
export type DueHook = HookCall & { readonly kind: "asks" | "polls" | "tells" };

/** What happened longer ago than this is no longer told. */
const TOLD_WITHIN_MS = 86_400_000;
const ENDS: ReadonlySet<PhaseKind> = new Set(["Succeeded", "RolledBack", "Aborted", "Superseded", "Failed"]);

/**
 * Every webhook that has to be called now and has no final answer yet. A function of the state alone, so that what a crash
 * interrupted is due again afterwards, about the same occasion.
 */
export function dueHooks(rollout: Rollout, now: number): readonly DueHook[] {
  return [
    ...asked(rollout, now).map((call) => ({ ...call, kind: "asks" as const })),
    ...polled(rollout),
    ...told(rollout, now),
  ].filter(({ hook, occasion }) => rollout.hookAnswers[answerKey(hook.name, occasion)] === undefined);
}

/** Lines of the timeline that are still worth telling, each with its occasion. */
export function recentEntries(
  { timeline }: Rollout,
  now: number,
): readonly { readonly entry: TimelineEntry; readonly occasion: string }[] {
  return timeline
    .map((entry, index) => ({ entry, occasion: `timeline-${index + 1}` }))
    .filter(({ entry }) => now - entry.at < TOLD_WITHIN_MS);
}

function asked(rollout: Rollout, now: number): readonly HookCall[] {
  const { phase } = rollout;
  if (phase.kind === "Preparing") return hooksBeforeStart(rollout);
  if (phase.kind !== "Baking") return [];
  const way = wayOut(rollout, phase, now);
  return [...hooksDuringStep(rollout, phase.step), ...(way === null ? [] : hooksOnTheWay(rollout, way.nextStep))];
}

function polled(rollout: Rollout): readonly DueHook[] {
  const { plan, phase } = rollout;
  if (phase.kind !== "Shifting" && phase.kind !== "Baking" && phase.kind !== "Paused") return [];
  const about = presentMoment(rollout);
  return webhooksOf(plan, "rollback").map((hook) => ({ kind: "polls" as const, hook, occasion: "rollback", about }));
}

function told(rollout: Rollout, now: number): readonly DueHook[] {
  const recent = recentEntries(rollout, now);
  const events = webhooksOf(rollout.plan, "event").flatMap((hook) =>
    recent.map(({ entry, occasion }) => ({ kind: "tells" as const, hook, occasion, about: entry })),
  );
  const ends = recent.filter(({ entry }) => ENDS.has(entry.phase));
  const atTheEnd = webhooksOf(rollout.plan, "post-rollout").flatMap((hook) =>
    ends.map(({ entry, occasion }) => ({ kind: "tells" as const, hook, occasion, about: entry })),
  );
  return [...events, ...atTheEnd];
}
