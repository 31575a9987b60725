import type { Digest } from "../release/digest.ts";
import type { MoveId, RolloutId, SessionId } from "../routing/ids.ts";
import type { MoveBoundary, MoveMode, RouteMove } from "../routing/move.ts";

/** Sessions of one release that are to go on with another: what was asked for. */
export type MoveOrder = {
  readonly id: MoveId;
  readonly from: Digest;
  readonly to: Digest;
  /** Null: every session of `from`. */
  readonly session: SessionId | null;
  readonly mode: MoveMode;
  readonly boundary: MoveBoundary;
  /** The rollout whose policy asked for it; null when a person did. */
  readonly rollout: RolloutId | null;
};

export type MoveStanding =
  /** On its way to the gateways. */
  | { readonly kind: "prepared" }
  | { readonly kind: "open"; readonly openedAt: number }
  /** `finished`: nobody is pinned to the old release any more. */
  | { readonly kind: "closed"; readonly closedAt: number; readonly outcome: MoveEnding; readonly because: string }
  /** As `closed`, and pins from before it that clients may have kept are out of time. */
  | { readonly kind: "past"; readonly closedAt: number; readonly outcome: MoveEnding; readonly because: string }
  /** Never begun: its sessions stay, and drain. */
  | { readonly kind: "held"; readonly because: string };
export type MoveEnding = "finished" | "cancelled";

export type AgentMove = MoveOrder & {
  readonly requestedAt: number;
  readonly actor: string;
  readonly reason: string;
  /** What the old release left in memory that the new one may not read; only an eviction goes on all the same. */
  readonly memoryProblems: readonly string[];
  readonly standing: MoveStanding;
};

type Beginning = {
  readonly type: "moveRequested" | "moveHeld";
  readonly at: number;
  readonly order: MoveOrder;
  readonly actor: string;
  readonly reason: string;
  readonly memoryProblems: readonly string[];
};
type Change =
  | { readonly type: "moveOpened"; readonly at: number; readonly id: MoveId }
  | {
      readonly type: "moveEnded";
      readonly at: number;
      readonly id: MoveId;
      readonly outcome: MoveEnding;
      readonly actor: string;
      readonly reason: string;
    }
  | { readonly type: "movePast"; readonly at: number; readonly id: MoveId };
export type MoveEvent = Beginning | Change;

export function isMoveEvent(event: { readonly type: string }): event is MoveEvent {
  return /^move(?:Requested|Held|Opened|Ended|Past)$/.test(event.type);
}

/** The agent's moves after an event; one that changes nothing returns the very same list. */
export function advanceMoves(moves: readonly AgentMove[], event: MoveEvent): readonly AgentMove[] {
  if ("order" in event) return begin(moves, event);
  const held = moves.find(({ id }) => id === event.id);
  const standing = held === undefined ? null : standingAfter(held.standing, event);
  return standing === null ? moves : moves.map((move) => (move === held ? { ...move, standing } : move));
}

function begin(moves: readonly AgentMove[], event: Beginning): readonly AgentMove[] {
  const { order, at, actor, reason, memoryProblems } = event;
  if (moves.some(({ id }) => id === order.id)) return moves;
  const standing: MoveStanding =
    event.type === "moveHeld" ? { kind: "held", because: heldBecause(memoryProblems) } : { kind: "prepared" };
  return [...moves, { ...order, requestedAt: at, actor, reason, memoryProblems, standing }];
}

function heldBecause(memoryProblems: readonly string[]): string {
  return `its sessions drain instead, because memory does not go along: ${memoryProblems.join("; ")}`;
}

function standingAfter(standing: MoveStanding, event: Change): MoveStanding | null {
  switch (event.type) {
    case "moveOpened":
      return standing.kind === "prepared" ? { kind: "open", openedAt: event.at } : null;
    case "moveEnded":
      if (standing.kind !== "prepared" && standing.kind !== "open") return null;
      return { kind: "closed", closedAt: event.at, outcome: event.outcome, because: event.reason };
    case "movePast":
      return standing.kind === "closed" ? { ...standing, kind: "past" } : null;
  }
}

/** It is not over: sessions are moved, or will be. */
export function isUnderWay({ standing }: Pick<AgentMove, "standing">): boolean {
  return standing.kind === "prepared" || standing.kind === "open";
}

/** What the gateways need to know of the moves. */
export function routeMoves(moves: readonly AgentMove[]): readonly RouteMove[] {
  return moves.flatMap(({ id, from, to, session, mode, boundary, requestedAt, standing }) => {
    if (standing.kind === "past" || standing.kind === "held") return [];
    return [{ id, from, to, session, mode, boundary, phase: standing.kind, since: requestedAt }];
  });
}
