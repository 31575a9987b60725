import { compareRevisions, type Revision, type RoutingTable } from "@perch/domain";
import { createRouteIndex, type RouteIndex } from "./route-index.ts";

export type Offer = "applied" | "held" | "older";
export type Renewal = "renewed" | "older" | "newer";

/** The one table this process routes by, and its lease. */
export type HeldTable = {
  /** Null until a first table was applied. */
  index(): RouteIndex | null;
  /** Only a larger revision is applied; the same one again renews the lease. `lateMs`: since the server sent it. */
  offer(table: RoutingTable, lateMs?: number): Offer;
  /** A table from disk may be long out of date: it is held without a lease, so nobody new meets its canary. */
  restore(table: RoutingTable): void;
  /** The server stood by this revision so long ago. Anything but the one held renews nothing. */
  renew(revision: Revision, lateMs?: number): Renewal;
  /** The dead man's switch: true while new sessions must not meet the canary. */
  isFenced(): boolean;
  /** Null while the server has not stood by the table held. */
  sinceRenewalMs(): number | null;
  /** Null while it is not fenced. */
  fencedForMs(): number | null;
};

/** `now` must be a clock that never jumps: a lease is a span of time, not a date. */
export function createHeldTable(now: () => number): HeldTable {
  let index: RouteIndex | null = null;
  let renewedAt: number | null = null;
  const createdAt = now();

  function orderOf(revision: Revision): number {
    return index === null ? 1 : compareRevisions(revision, index.table.revision);
  }

  function fencedAt(): number {
    return index === null || renewedAt === null ? createdAt : renewedAt + index.table.leaseMs;
  }

  const isFenced = (): boolean => index === null || renewedAt === null || now() - renewedAt > index.table.leaseMs;

  /** From when the server gave it: it counts on the lease being over then, however long it took to arrive. */
  function renewFrom(givenAt: number): void {
    renewedAt = Math.max(renewedAt ?? givenAt, givenAt);
  }

  return {
    index: () => index,
    offer(table, lateMs = 0) {
      const order = orderOf(table.revision);
      if (order < 0) return "older";
      if (order > 0) index = createRouteIndex(table);
      renewFrom(now() - lateMs);
      return order > 0 ? "applied" : "held";
    },
    restore(table) {
      index = createRouteIndex(table);
      renewedAt = null;
    },
    renew(revision, lateMs = 0) {
      const order = orderOf(revision);
      if (order > 0) return "newer";
      if (order < 0) return "older";
      renewFrom(now() - lateMs);
      return "renewed";
    },
    isFenced,
    sinceRenewalMs: () => (renewedAt === null ? null : now() - renewedAt),
    fencedForMs: () => (isFenced() ? now() - fencedAt() : null),
  };
}
