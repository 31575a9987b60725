import { parseMoveId } from "../routing/ids.ts";
import type { MoveOrder } from "./agent-move.ts";
import type { AgentRecord } from "./agent-record.ts";
import { currentRelease } from "./derive-routes.ts";
import type { Rollout } from "./rollout.ts";
import { DEFAULT_BOUNDARY } from "./wanted-move.ts";

/** Begins the ids of all of them. */
export const DRAIN_MOVE = "drain.";

/** After their deadline, sessions of draining releases go on with the current one, where the rollout's file says so. */
export function drainMoves(record: AgentRecord, rollouts: readonly Rollout[]): readonly MoveOrder[] {
  const to = currentRelease(record, rollouts);
  if (to === null) return [];
  return record.retirements.flatMap(({ release: from, rollout, drain, overdueSince, stage }) => {
    if (stage.kind !== "draining" || overdueSince === null || drain === null || from === to) return [];
    if (drain.onDeadline === "wait") return [];
    // Whoever calls everything off waits for no boundary.
    const mode = drain.onDeadline === "cancel" ? "evict" : drain.onDeadline;
    const boundary = rollouts.find(({ id }) => id === rollout)?.plan.safeBoundary ?? DEFAULT_BOUNDARY;
    // Another current release makes another move.
    const id = parseMoveId(`${DRAIN_MOVE}${overdueSince}.${from.slice(-12)}.${to.slice(-12)}`);
    return [{ id, from, to, session: null, mode, boundary, rollout: null }];
  });
}
