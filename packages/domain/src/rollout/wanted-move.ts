import { parseMoveId } from "../routing/ids.ts";
import type { MoveBoundary, MoveMode } from "../routing/move.ts";
import type { MoveOrder } from "./agent-move.ts";
import type { PinnedSessionsPolicy } from "./plan.ts";
import type { Rollout } from "./rollout.ts";
import { isPromoted } from "./weight.ts";

/** Five minutes of silence are a pause of any conversation. */
export const DEFAULT_BOUNDARY: MoveBoundary = { header: true, idleMs: 300_000 };

/**
 * What the rollout's file wants to be done with live sessions now; null for nothing. A rollback's policy concerns the canary's
 * sessions, `AutoUpgrade` those of the old baseline after a promotion.
 */
export function wantedMove(rollout: Rollout): MoveOrder | null {
  const { id, plan, baseline, canary, phase } = rollout;
  const boundary = plan.safeBoundary ?? DEFAULT_BOUNDARY;
  const common = { session: null, boundary, rollout: id };
  if (isPromoted(rollout)) {
    if (plan.versioningBehavior !== "AutoUpgrade") return null;
    const [from, to] = [baseline.digest, canary.digest];
    return { id: parseMoveId(`${id}.upgrade`), from, to, mode: "autoUpgrade", ...common };
  }
  const isTakenBack = phase.kind === "RollingBack" || phase.kind === "RolledBack";
  const mode = isTakenBack ? modeOf(rollbackPolicy(rollout)) : null;
  if (mode === null) return null;
  return { id: parseMoveId(`${id}.rollback`), from: canary.digest, to: baseline.digest, mode, ...common };
}

/** A gate that finds the canary harmful outweighs the general policy. */
function rollbackPolicy({ plan, decision }: Rollout): PinnedSessionsPolicy {
  const evicts = plan.gates.some(({ name, evicts }) => evicts === true && decision?.culprits.includes(name) === true);
  return evicts ? "evict" : (plan.pinnedSessions ?? "drain");
}

function modeOf(policy: PinnedSessionsPolicy): MoveMode | null {
  return policy === "drain" ? null : policy;
}
