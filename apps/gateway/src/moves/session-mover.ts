import { reasonOf, type Log } from "@perch/adapters/json-log";
import {
  moveOf,
  movePin,
  type BoundaryReached,
  type GatewayId,
  type MarkedSession,
  type MoveId,
  type Pin,
  type RouteMove,
} from "@perch/domain";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { MoveLog } from "./move-log.ts";
import type { Stay, TurnUnderWay } from "./under-way.ts";

export type SessionMoverDeps = {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index">;
  readonly pins: Pick<CachedPinStore, "confirm" | "mark" | "unmark" | "move">;
  readonly moves: MoveLog;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
};

export type Settled =
  | {
      readonly kind: "settled";
      readonly pin: Pin;
      /** To be ended with the turn; null when the session is not to be moved. */
      readonly stay: Stay | null;
    }
  /** Only the store knows where the session is, and it does not answer. */
  | { readonly kind: "unsure" };

/** Takes sessions from one release to another, between two turns of them and never in one. */
export type SessionMover = {
  /** Where a session is served that has claimed this pin. What is moved or was moved is on record when it resolves. */
  settle(pin: Pin): Settled | Promise<Settled>;
  /** Marks turns that were under way when a table brought moves of their sessions. True when every one of them is. */
  markAll(turns: Iterable<TurnUnderWay>): Promise<boolean>;
  /** Says again which turns are under way. To be called every second. */
  renew(): void;
  /** Since the start. */
  counts(): { readonly moved: number; readonly unsure: number };
};

/** A gateway that dies leaves its marks behind: sessions wait so long to be moved. */
const MARK_MS = 30_000;
const RENEW_EVERY_MS = 10_000;
/** A session that is moved from release to release; nobody asks for more than a few. */
const MOST_MOVES = 8;

// oxlint-disable-next-line max-lines-per-function -- what the parts share is the state of one process
export function createSessionMover(deps: SessionMoverDeps): SessionMover {
  const { held, pins, moves, now, newId, log } = deps;
  /** By move: when it was open first, as far as this process knows. */
  const openSince = new Map<MoveId, number>();
  const marked = new Map<string, Pin>();
  const counts = { moved: 0, unsure: 0 };
  let renewedAt = now();

  function moveAbout(pin: Pin): RouteMove | null {
    const route = held.index()?.agents.get(pin.agent)?.route;
    if (route === undefined || route.moves.length === 0) return null;
    return moveOf(route.moves, pin);
  }

  function noteOpen(): void {
    for (const { route } of held.index()?.agents.values() ?? []) {
      for (const { id, phase } of route.moves) if (phase === "open" && !openSince.has(id)) openSince.set(id, now());
    }
  }

  function ttlOf(pin: Pin): number {
    return held.index()?.agents.get(pin.agent)?.route.idleTimeoutMs ?? 0;
  }

  async function mark(pin: Pin, turn: string): Promise<MarkedSession> {
    marked.set(turn, pin);
    try {
      return await pins.mark({ agent: pin.agent, session: pin.session, turn }, MARK_MS);
    } catch (error) {
      marked.delete(turn);
      throw error;
    }
  }

  function unmark(pin: Pin, turn: string): void {
    marked.delete(turn);
    const { agent, session } = pin;
    // Without it the mark ends by itself a little later.
    pins.unmark({ agent, session, turn }, ttlOf(pin)).catch((error: unknown) => {
      log.warn("the end of a turn is not noted: its session moves later", { session, reason: reasonOf(error) });
    });
  }

  /** The pin that the session has now; null when it stays. */
  async function tryMove(
    pin: Pin,
    at: { move: RouteMove; boundary: BoundaryReached; turn: string },
  ): Promise<Pin | null> {
    const index = held.index();
    const revision = index?.table.revision ?? pin.revision;
    const { move, boundary, turn } = at;
    const arm = index?.agents.get(pin.agent)?.route.canary?.release === move.to ? "canary" : "baseline";
    const next = movePin(pin, { move, arm, boundary, revision, gateway: deps.gateway, now: now() });
    const outcome = await pins.move({ from: pin.release, pin: next, turn }, ttlOf(pin));
    if (outcome.kind === "busy") return null;
    if (outcome.kind === "elsewhere") return outcome.pin ?? (await pins.confirm(pin, ttlOf(pin)));
    marked.delete(turn);
    counts.moved += 1;
    moves.note(next);
    return next;
  }

  function stayFor(pin: Pin, turn: string): Stay {
    return {
      end(isSafe, then) {
        const move = isSafe ? moveAbout(pin) : null;
        if (move === null || move.phase !== "open" || !move.boundary.header) {
          unmark(pin, turn);
          then();
          return;
        }
        void moveAtEnd(pin, move, turn).finally(then);
      },
    };
  }

  async function moveAtEnd(pin: Pin, move: RouteMove, turn: string): Promise<void> {
    try {
      await tryMove(pin, { move, boundary: move.mode === "evict" ? "none" : "agent", turn });
    } catch (error) {
      log.warn("a session is not moved now", { move: move.id, reason: reasonOf(error) });
    }
    if (marked.has(turn)) unmark(pin, turn);
  }

  /** Where the session is now, and whether this turn may go there. */
  async function step(pin: Pin, move: RouteMove): Promise<{ pin: Pin; stay: Stay | null }> {
    if (move.phase === "closed") return { pin: await pins.confirm(pin, ttlOf(pin)), stay: null };
    const turn = newId();
    const session = await mark(pin, turn);
    const isHere = session.pin?.release === pin.release;
    if (session.pin === null || !isHere) {
      unmark(pin, turn);
      return { pin: session.pin ?? (await pins.confirm(pin, ttlOf(pin))), stay: null };
    }
    const boundary = boundaryBefore(move, session);
    const next = boundary === null ? null : await tryMove(session.pin, { move, boundary, turn });
    if (next === null) return { pin: session.pin, stay: stayFor(session.pin, turn) };
    if (marked.has(turn)) unmark(pin, turn);
    return { pin: next, stay: null };
  }

  /** Whether the session may be moved before the turn that has just come; its own mark does not count. */
  function boundaryBefore({ id, phase, mode, boundary }: RouteMove, session: MarkedSession): BoundaryReached | null {
    if (phase !== "open" || session.others > 0) return null;
    if (mode === "evict") return "none";
    // What ended before every gateway noted the ends of turns is unknown: it may have been just then.
    const quietMs = session.quietMs ?? now() - (openSince.get(id) ?? now());
    return boundary.idleMs !== null && quietMs >= boundary.idleMs ? "idle" : null;
  }

  async function settle(claimed: Pin): Promise<Settled> {
    let pin = claimed;
    for (let count = 0; count <= MOST_MOVES; count += 1) {
      const move = moveAbout(pin);
      const next = move === null ? { pin, stay: null } : await step(pin, move);
      const isSettled =
        move === null || next.stay !== null || (move.phase === "closed" && next.pin.release === pin.release);
      pin = next.pin;
      if (!isSettled) continue;
      moves.note(pin);
      return { kind: "settled", pin, stay: next.stay };
    }
    throw new Error(`session ${claimed.session} is moved in a circle`);
  }

  return {
    settle(pin) {
      // Nearly every request: it is not to wait, not even for a moment.
      if (pin.moved === null && moveAbout(pin) === null) return { kind: "settled", pin, stay: null };
      return settle(pin).catch((error: unknown) => {
        counts.unsure += 1;
        log.warn("a session that may have been moved waits", { session: pin.session, reason: reasonOf(error) });
        return { kind: "unsure" };
      });
    },
    async markAll(turns) {
      noteOpen();
      const due = [...turns].filter(({ pin, stay }) => stay === null && isWatched(moveAbout(pin)));
      const results = await Promise.allSettled(
        due.map(async (one) => {
          const turn = newId();
          // Before the answer: should the turn end meanwhile, its end has to take the mark away.
          one.stay = stayFor(one.pin, turn);
          try {
            await mark(one.pin, turn);
          } catch (error) {
            one.stay = null;
            throw error;
          }
        }),
      );
      return results.every(({ status }) => status === "fulfilled");
    },
    renew() {
      if (now() - renewedAt < RENEW_EVERY_MS) return;
      renewedAt = now();
      for (const [turn, { agent, session }] of marked) {
        pins.mark({ agent, session, turn }, MARK_MS).catch((error: unknown) => {
          log.warn("a turn under way is not marked any more", { session, reason: reasonOf(error) });
        });
      }
    },
    counts: () => counts,
  };
}

function isWatched(move: RouteMove | null): boolean {
  return move !== null && move.phase !== "closed";
}
