import type { GatewayView, Question } from "@perch/api";
import { compareRevisions, type GatewayId, type Revision, type RoutingTable } from "@perch/domain";

export type TableEvent =
  | { readonly event: "table"; readonly data: RoutingTable }
  | { readonly event: "lease"; readonly data: Revision }
  | { readonly event: "question"; readonly data: Question };
export type SendTableEvent = (event: TableEvent) => void;

type Ack = { readonly revision: Revision; readonly at: number };
/** It may assign by this table until then, if it got it and nothing newer. By the clock that never jumps. */
type Grant = { readonly revision: Revision; readonly until: number };
/** One moment by both clocks of this server: epoch ms, and ms of a clock that never jumps, by which leases run. */
export type Moment = { readonly now: number; readonly tick: number };

/** What the server knows of one gateway. */
export type KnownGateway = {
  readonly connections: Set<SendTableEvent>;
  /** Newest last; only the last few matter. */
  acks: readonly Ack[];
  /** Every lease that it was sent and may still live by, whatever became of it; by revision, the largest last. */
  grants: readonly Grant[];
  /** When it was last sent a lease, by the clock that never jumps. */
  renewedAt: number;
  lastSeenAt: number;
};

/** One gateway's part in a revision. */
export type GatewaySpread = {
  readonly gateway: GatewayId;
  readonly ackedAt: number | null;
  /** Its lease ran out, then, before it acknowledged. */
  readonly fencedAt: number | null;
};

/** A gateway's clock may run this much slower than ours, and it still counts as fenced only when it is. */
const MOST_CLOCK_DRIFT = 0.02;
/** Between reading the clock and sending, on either side. */
const CLOCKS_READ_MS = 5;
const ACKS_KEPT = 50;
const GRANTS_KEPT = 50;
const NEVER = Number.NEGATIVE_INFINITY;

/** How long after it was given a lease may still be lived by: a slow clock makes it longer. */
export function longestLifeMs(leaseMs: number): number {
  return leaseMs * (1 + MOST_CLOCK_DRIFT) + CLOCKS_READ_MS;
}

/** What is sent counts, not what arrives: a lease that nobody answered may be in force all the same. */
export function grantLease(known: KnownGateway, revision: Revision, until: number): void {
  const isSame = (grant: Grant): boolean => compareRevisions(grant.revision, revision) === 0;
  const before = known.grants.find(isSame)?.until ?? NEVER;
  const others = known.grants.filter((grant) => !isSame(grant));
  const grants = [...others, { revision, until: Math.max(before, until) }];
  const [first, second, ...rest] = grants.toSorted((a, b) => compareRevisions(a.revision, b.revision));
  const isFull = grants.length > GRANTS_KEPT && first !== undefined && second !== undefined;
  // Two that become one count as the older table: at worst somebody is waited for who need not be.
  known.grants = isFull ? [{ ...first, until: Math.max(first.until, second.until) }, ...rest] : grants;
}

/** Until when it may assign by any table. */
export function leasedUntil({ grants }: KnownGateway): number {
  return Math.max(NEVER, ...grants.map(({ until }) => until));
}

/** Until when it may assign by a table older than this one; if it was never sent an older one, until it answers. */
function leasedUntilBefore(known: KnownGateway, revision: Revision): number {
  const older = known.grants.filter((grant) => compareRevisions(grant.revision, revision) < 0);
  return older.length === 0 ? leasedUntil(known) : Math.max(...older.map(({ until }) => until));
}

/** Keeps the first acknowledgement of each revision; an older one than the last says nothing. Older leases are over. */
export function noteAck(known: KnownGateway, revision: Revision, at: number): void {
  const last = known.acks.at(-1);
  if (last !== undefined && compareRevisions(revision, last.revision) <= 0) return;
  known.acks = [...known.acks.slice(-ACKS_KEPT + 1), { revision, at }];
  known.grants = known.grants.filter((grant) => compareRevisions(grant.revision, revision) >= 0);
}

export function holds(known: KnownGateway, revision: Revision): boolean {
  const last = known.acks.at(-1);
  return last !== undefined && compareRevisions(last.revision, revision) >= 0;
}

/** Null when it has no part in it: it was gone before the revision was published. */
export function spreadTo(
  { gateway, known }: { gateway: GatewayId; known: KnownGateway },
  publication: { revision: Revision; publishedAt: number },
  { now, tick }: Moment,
): GatewaySpread | null {
  const { revision, publishedAt } = publication;
  const ackedAt = known.acks.find((ack) => compareRevisions(ack.revision, revision) >= 0)?.at ?? null;
  const until = Math.ceil(now + (leasedUntilBefore(known, revision) - tick));
  if (ackedAt === null && until <= publishedAt && known.connections.size === 0) return null;
  const isFenced = ackedAt === null && until <= now;
  return { gateway, ackedAt, fencedAt: isFenced ? Math.max(publishedAt, until) : null };
}

export function toGatewayView(
  { gateway, known }: { gateway: GatewayId; known: KnownGateway },
  present: Revision,
  tick: number,
): GatewayView {
  const revision = known.acks.at(-1)?.revision ?? null;
  return { gateway, sync: syncOf(known, present, tick), revision, lastSeenAt: known.lastSeenAt };
}

function syncOf(known: KnownGateway, present: Revision, tick: number): GatewayView["sync"] {
  const isConnected = known.connections.size > 0;
  if (isConnected && holds(known, present)) return "Synced";
  if (leasedUntil(known) <= tick) return "Fenced";
  return isConnected ? "Pending" : "Stale";
}
