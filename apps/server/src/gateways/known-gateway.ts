import type { GatewayView, Question } from "@perch/api";
import { compareRevisions, type GatewayId, type Revision, type RoutingTable } from "@perch/domain";

export type TableEvent =
  | { readonly event: "table"; readonly data: RoutingTable }
  | { readonly event: "lease"; readonly data: Revision }
  | { readonly event: "question"; readonly data: Question };
export type SendTableEvent = (event: TableEvent) => void;

type Ack = { readonly revision: Revision; readonly at: number };

/** What the server knows of one gateway. */
export type KnownGateway = {
  readonly connections: Set<SendTableEvent>;
  /** Newest last; only the last few matter. */
  acks: readonly Ack[];
  /** Until then it may assign by the table it holds, whatever became of it. */
  leaseUntil: number;
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

/** Keeps the first acknowledgement of each revision; an older one than the last says nothing. */
export function noteAck(known: KnownGateway, revision: Revision, at: number): void {
  const last = known.acks.at(-1);
  if (last !== undefined && compareRevisions(revision, last.revision) <= 0) return;
  known.acks = [...known.acks.slice(-ACKS_KEPT + 1), { revision, at }];
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
  if (ackedAt === null && known.leaseUntil <= publishedAt && known.connections.size === 0) return null;
  const isFenced = ackedAt === null && known.leaseUntil <= now;
  return { gateway, ackedAt, fencedAt: isFenced ? Math.max(publishedAt, known.leaseUntil) : null };
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
  if (known.leaseUntil <= now) return "Fenced";
  return isConnected ? "Pending" : "Stale";
}
