import { moveTo } from "./move-to.ts";
import { isBeforePromotion } from "./phase-groups.ts";
import type { Rollout, RolloutEvent } from "./rollout.ts";

type Of<Type extends RolloutEvent["type"]> = Extract<RolloutEvent, { type: Type }>;

/** Its turn has come. */
export function dequeue(rollout: Rollout, { at, baseline }: Of<"dequeued">): Rollout {
  if (rollout.phase.kind !== "Pending" || !rollout.phase.isQueued) return rollout;
  const text = `its turn has come: it is to replace ${baseline.version}`;
  return moveTo({ ...rollout, baseline }, { kind: "Pending", isQueued: false }, { at, text });
}

/**
 * Row 20 of the state table. The weight goes to 0 as a drain: pins are kept, and nobody blames the release. What is being
 * promoted or taken back already goes on to its own end.
 */
export function supersede(rollout: Rollout, { at, actor, by }: Of<"superseded">): Rollout {
  if (!isBeforePromotion(rollout)) return rollout;
  const reason = `the rollout ${by} takes its place`;
  return moveTo(rollout, { kind: "Superseding" }, { at, actor, reason, text: reason });
}
