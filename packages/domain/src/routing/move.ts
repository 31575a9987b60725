import { createHash } from "node:crypto";
import type { Digest } from "../release/digest.ts";
import type { Arm } from "./assign.ts";
import type { AgentName, GatewayId, MoveId, RolloutId, SessionId } from "./ids.ts";
import type { Pin } from "./pin-store.ts";
import type { Revision } from "./routing-table.ts";

/** `migrate` and `autoUpgrade` wait for a safe boundary; `evict` does not: the release is harmful. */
export type MoveMode = "migrate" | "evict" | "autoUpgrade";

/** Where a session may change its release between two turns. */
export type MoveBoundary = {
  /** The agent says so in its answer. */
  readonly header: boolean;
  /** It was quiet for so long; null: that alone is no reason. */
  readonly idleMs: number | null;
};

/**
 * `prepared`: gateways ask the store about every pin that names `from`, and mark turns under way. `open`: every gateway does
 * that by now, so sessions are moved. `closed`: nothing is moved any more, but pins that clients keep may be out of date.
 */
export type MovePhase = "prepared" | "open" | "closed";

/** Sessions pinned to one release that are to go on with another. */
export type RouteMove = {
  readonly id: MoveId;
  readonly from: Digest;
  readonly to: Digest;
  /** Only this one; null: every session of `from`. */
  readonly session: SessionId | null;
  readonly mode: MoveMode;
  readonly boundary: MoveBoundary;
  readonly phase: MovePhase;
  /** When it was asked for. */
  readonly since: number;
};

/** Why a session could be moved when it was: its agent said so, it was quiet for long enough, or it was evicted. */
export type BoundaryReached = "agent" | "idle" | "none";

/** The last move of a pin. */
export type PinMove = {
  readonly move: MoveId;
  readonly mode: MoveMode;
  readonly boundary: BoundaryReached;
  readonly from: Digest;
  /** The rollout that the session was assigned under before its first move. */
  readonly rollout: RolloutId | null;
  readonly at: number;
  /** 1 for the first move of the session, 2 for the second … */
  readonly times: number;
};

export type MoveRecord = {
  readonly kind: "move";
  /** The same for whoever writes it: a move that was recorded twice counts once. */
  readonly id: string;
  readonly agent: AgentName;
  readonly session: SessionId;
  readonly to: Digest;
  /** Who moved it. */
  readonly gateway: GatewayId;
} & PinMove;

export type Mover = {
  readonly move: RouteMove;
  /** What the new release is in the present table. */
  readonly arm: Arm;
  readonly boundary: BoundaryReached;
  readonly revision: Revision;
  readonly gateway: GatewayId;
  readonly now: number;
};

/**
 * The pin of a session after its move. It belongs to no rollout any more: nothing can be concluded from its later turns, so
 * they are not mirrored either.
 */
export function movePin(pin: Pin, { move, arm, boundary, revision, gateway, now }: Mover): Pin {
  return {
    ...pin,
    release: move.to,
    arm,
    rollout: null,
    step: null,
    weightBp: null,
    bucket: null,
    seed: null,
    override: null,
    shadow: null,
    revision,
    gateway,
    moved: {
      move: move.id,
      mode: move.mode,
      boundary,
      from: pin.release,
      rollout: pin.moved === null ? pin.rollout : pin.moved.rollout,
      at: now,
      times: timesMoved(pin) + 1,
    },
  };
}

export function timesMoved({ moved }: Pick<Pin, "moved">): number {
  return moved?.times ?? 0;
}

/** Of two pins of a session that were decided apart: the one that was moved more often, else the one that was assigned first. */
export function outranks(one: Pin, other: Pin): boolean {
  const more = timesMoved(one) - timesMoved(other);
  return more > 0 || (more === 0 && one.assignedAt < other.assignedAt);
}

/** The move that made a pin what it is; null when it was never moved. */
export function moveRecordOf({ agent, session, release, gateway, moved }: Pin): MoveRecord | null {
  if (moved === null) return null;
  const identity = [agent, session, moved.move, moved.times, moved.from, release].join("\0");
  const id = `move-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`;
  return { kind: "move", id, agent, session, to: release, gateway, ...moved };
}

/** The move that a pin is subject to; one of this very session goes before one of all sessions. */
export function moveOf(moves: readonly RouteMove[], pin: Pick<Pin, "release" | "session">): RouteMove | null {
  let found: RouteMove | null = null;
  for (const move of moves) {
    if (move.from !== pin.release) continue;
    if (move.session === pin.session) return move;
    if (move.session === null) found ??= move;
  }
  return found;
}
