import type { GatewayView, Question } from "@perch/api";
import { compareRevisions, type GatewayId, type Revision, type RoutingTable } from "@perch/domain";

export type TableEvent =
  | { readonly event: "table"; readonly data: RoutingTable }
  | { readonly event: "lease"; readonly data: Revision }
  | { readonly event: "question"; readonly data: Question };
export type SendTableEvent = (event: TableEvent) => void;

type Ack = { readonly revision: Revision; readonly at: number };
/** It may assign by this table until then, if it got it and nothing newer. */
type Grant = { readonly revision: Revision; readonly until: number };

/** What the server knows of one gateway. */
export type KnownGateway = {
  readonly connections: Set<SendTableEvent>;
  /** Newest last; only the last few matter. */
  acks: readonly Ack[];
  /** Every lease that it was sent and may still live by, whatever became of it; by revision, the largest last. */
  grants: readonly Grant[];
  /** When it was last sent a lease. */
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

const ACKS_KEPT = 50;
const GRANTS_KEPT = 50;
const NEVER = Number.NEGATIVE_INFINITY;

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
  now: number,
): GatewaySpread | null {
  const { revision, publishedAt } = publication;
  const ackedAt = known.acks.find((ack) => compareRevisions(ack.revision, revision) >= 0)?.at ?? null;
  const until = leasedUntilBefore(known, revision);
  if (ackedAt === null && until <= publishedAt && known.connections.size === 0) return null;
  const isFenced = ackedAt === null && until <= now;
  return { gateway, ackedAt, fencedAt: isFenced ? Math.max(publishedAt, until) : null };
}

export function toGatewayView(
  { gateway, known }: { gateway: GatewayId; known: KnownGateway },
  present: Revision,
  now: number,
): GatewayView {
  const revision = known.acks.at(-1)?.revision ?? null;
  return { gateway, sync: syncOf(known, present, now), revision, lastSeenAt: known.lastSeenAt };
}

function syncOf(known: KnownGateway, present: Revision, now: number): GatewayView["sync"] {
  const isConnected = known.connections.size > 0;
  if (isConnected && holds(known, present)) return "Synced";
  if (leasedUntil(known) <= now) return "Fenced";
  return isConnected ? "Pending" : "Stale";
}
