import type { Rollout, RolloutEvent } from "../rollout/rollout.ts";
import { webhookOf } from "../rollout/hooks.ts";

/** What a person or a webhook had a say in. */
export type Say = {
  readonly at: number;
  readonly actor: string;
  /** `start`, `pause`, `resume`, `promote`, `rollback`, `abort`, `agree`, `refuse`. */
  readonly did: string;
  readonly why: string;
};

/** Who asked for what, and who agreed to what, as the ledger has it. The controller's own moves are not among them. */
export function whoDecided(events: readonly RolloutEvent[], rollout: Rollout): readonly Say[] {
  return events.flatMap((event): Say[] => {
    const { at } = event;
    if (event.type === "applied") return [{ at, actor: event.actor, did: "start", why: event.forcedBecause }];
    if ("actor" in event && "reason" in event) {
      return [{ at, actor: event.actor, did: event.type.replace(/Requested$/, ""), why: event.reason }];
    }
    if (event.type !== "hookAnswered") return [];
    const type = webhookOf(rollout, event.hook)?.type;
    if (type === undefined || type === "event" || type === "post-rollout") return [];
    const did = event.outcome === "accepted" ? "agree" : "refuse";
    return [
      {
        at,
        actor: `webhook:${event.hook}`,
        did,
        why: event.detail === "" ? `${type}, ${event.occasion}` : event.detail,
      },
    ];
  });
}
