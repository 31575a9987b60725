import { condemn } from "./condemn.ts";
import { actionOn, heldBy } from "./held-by.ts";
import { note } from "./move-to.ts";
import { pauseFor, unpause } from "./pause-for.ts";
import { isOnStep } from "./phase-groups.ts";
import { breakerOf } from "./policies.ts";
import { isJudgedAlone, withOutage } from "./promotion-bake.ts";
import type { Condition, Rollout, RolloutEvent } from "./rollout.ts";

type ConditionChanged = Extract<RolloutEvent, { type: "conditionChanged" }>;
type Seen = Pick<ConditionChanged, "at" | "condition" | "isPresent" | "detail">;

/**
 * Rows 12 and 30 of the state table. Only evidence fails and only evidence passes, so a condition holds the rollout where
 * it stands until it has passed; that of traffic does what the file says.
 */
export function applyCondition(rollout: Rollout, { at, condition, isPresent, detail }: ConditionChanged): Rollout {
  const isKnown = rollout.conditions[condition] !== undefined;
  if (isKnown === isPresent) return rollout;
  const noted = condition === "providerOutage" ? noteOutage(rollout, { at, isPresent, detail }) : rollout;
  if (isPresent)
    return begin({ ...noted, conditions: { ...noted.conditions, [condition]: detail } }, condition, { at, detail });
  const next = withoutCondition(noted, condition);
  const { phase } = next;
  if (phase.kind !== "Paused" || phase.why !== condition) return next;
  return holdForConditions(unpause(next, phase, { at, actor: "controller", text: detail }), at);
}

/** A promoted release has no weight to hold: that nothing is judged meanwhile is said, and a person told. */
function noteOutage(rollout: Rollout, { at, isPresent, detail }: Omit<Seen, "condition">): Rollout {
  if (!isJudgedAlone(rollout, at) && rollout.outages.at(-1)?.to !== null) return rollout;
  const { windowMs } = breakerOf(rollout.plan);
  const outages = withOutage(rollout.outages, { at, isPresent, windowMs });
  return note({ ...rollout, outages }, { at, text: detail, ...(isPresent ? { news: "paused" as const } : {}) });
}

export function withoutCondition(rollout: Rollout, condition: Condition): Rollout {
  const { [condition]: _gone, ...conditions } = rollout.conditions;
  return { ...rollout, conditions };
}

/** A step that bakes waits for what is missing. One on its way to the gateways gets there first. */
export function holdForConditions(rollout: Rollout, at: number): Rollout {
  const { phase } = rollout;
  const condition = heldBy(rollout);
  if (phase.kind !== "Baking" || condition === null) return rollout;
  return pauseFor(rollout, phase, { at, why: condition, gates: [], reason: rollout.conditions[condition] ?? "" });
}

function begin(rollout: Rollout, condition: Condition, { at, detail }: { at: number; detail: string }): Rollout {
  if (!isOnStep(rollout.phase)) return rollout;
  switch (actionOn(rollout, condition)) {
    case "hold":
      return holdForConditions(rollout, at);
    case "warn":
      return note(rollout, { at, text: `goes on although ${detail}` });
    case "rollback":
      return condemn(rollout, { at, culprits: [], reason: detail });
  }
}
