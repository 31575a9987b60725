import { moveTo } from "./move-to.ts";
import { beginShadowing } from "./shadowing.ts";
import { dequeue, supersede } from "./supersede.ts";
import { formatPercent } from "./weight.ts";
import type { Rollout, RolloutEvent, RolloutEventType } from "./rollout.ts";

const ORDERS = [
  "applied",
  "dequeued",
  "superseded",
  "prepared",
  "preparationFailed",
  "rollbackWindowClosed",
] as const satisfies readonly RolloutEventType[];
type Order = Extract<RolloutEvent, { type: (typeof ORDERS)[number] }>;
const ORDER_TYPES: ReadonlySet<string> = new Set(ORDERS);

/** It is about the rollout's place among the agent's rollouts and releases, not about what the canary does. */
export function isOrder(event: RolloutEvent): event is Order {
  return ORDER_TYPES.has(event.type);
}

export function applyOrder(rollout: Rollout, event: Order): Rollout {
  switch (event.type) {
    case "applied":
      return rollout;
    case "dequeued":
      return dequeue(rollout, event);
    case "superseded":
      return supersede(rollout, event);
    case "prepared":
      return applyPrepared(rollout, event);
    case "preparationFailed":
      return applyFailure(rollout, event);
    case "rollbackWindowClosed":
      return closeRollbackWindow(rollout, event.at);
  }
}

function closeRollbackWindow(rollout: Rollout, at: number): Rollout {
  if (rollout.phase.kind !== "Succeeded" || rollout.phase.rollbackUntil <= at) return rollout;
  return { ...rollout, phase: { kind: "Succeeded", rollbackUntil: at } };
}

function applyPrepared(rollout: Rollout, event: Extract<RolloutEvent, { type: "prepared" }>): Rollout {
  if (rollout.phase.kind !== "Preparing") return rollout;
  if (event.isReturn === true) {
    const text = `${rollout.canary.version} was the current release until lately: it comes back without steps`;
    return moveTo({ ...rollout, references: event.references }, { kind: "Promoting" }, { at: event.at, text });
  }
  const { mirror = null } = rollout.plan;
  if (mirror !== null) return beginShadowing({ ...rollout, references: event.references }, event.at);
  const text = `routes ${formatPercent(rollout.plan.steps[0]?.weightBp ?? 0)} of new sessions to the canary`;
  return moveTo({ ...rollout, references: event.references }, { kind: "Shifting", step: 0 }, { at: event.at, text });
}

function applyFailure(rollout: Rollout, event: { at: number; reason: string }): Rollout {
  if (rollout.phase.kind !== "Pending" && rollout.phase.kind !== "Preparing") return rollout;
  return moveTo(rollout, { kind: "Failed" }, { at: event.at, reason: event.reason, text: event.reason });
}
