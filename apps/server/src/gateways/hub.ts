import type { GatewayView } from "@perch/api";
import {
  compareRevisions,
  type AgentRoute,
  type GatewayId,
  type Revision,
  type RoutingTable,
  type ServerState,
} from "@perch/domain";
import {
  holds,
  noteAck,
  spreadTo,
  toGatewayView,
  type GatewaySpread,
  type KnownGateway,
  type SendTableEvent,
} from "./known-gateway.ts";

/** How far a revision has come. Gateways that were gone before it was published have no part in it. */
export type Spread = {
  readonly revision: Revision;
  readonly publishedAt: number;
  readonly gateways: readonly GatewaySpread[];
};

/** The gateways, as far as the server knows them, and the table that they are to route by. */
export interface GatewayHub {
  /** To be awaited before `connect`: a server that starts later has to know who may hold a lease. */
  expect(gateway: GatewayId): Promise<void>;
  /** The table is sent at once, and again whenever it changes. The answer disconnects. */
  connect(gateway: GatewayId, send: SendTableEvent): () => void;
  acknowledge(gateway: GatewayId, revision: Revision): void;
  /** Gives the routes a new revision and sends them, if they differ from the present ones. */
  publish(agents: readonly AgentRoute[], leaseMs: number): Revision;
  /** Renews each lease of the present table that has run for a third. To be called at least that often. */
  renewLeases(): Promise<void>;
  spreadOf(revision: Revision): Spread;
  views(): readonly GatewayView[];
}

export type GatewayHubDeps = {
  readonly now: () => number;
  readonly epoch: number;
  readonly state: Pick<ServerState, "knownGateways" | "rememberGateway" | "forgetGateway">;
  readonly leaseMs: number;
};

/** How long a gateway that is gone is still shown. */
const SHOWN_AFTER_MS = 600_000;

/** Gateways of an earlier start may still assign by its tables: each is awaited until a whole lease has passed. */
export async function createGatewayHub(deps: GatewayHubDeps): Promise<GatewayHub> {
  const { now, state } = deps;
  const gateways = await recallGateways(deps);
  const tables = createTables(deps);
  return {
    expect: (gateway) => state.rememberGateway(gateway, Math.max(deps.leaseMs, tables.present().leaseMs)),
    connect(gateway, send) {
      const known = gateways.get(gateway) ?? newGateway(now());
      gateways.set(gateway, known);
      known.connections.add(send);
      known.lastSeenAt = now();
      lend(known, tables.present(), now());
      // What it was last seen with may be gone with its process: it has to say again what it holds.
      known.acks = [];
      send({ event: "table", data: tables.present() });
      return () => {
        known.connections.delete(send);
        known.lastSeenAt = now();
      };
    },
    acknowledge(gateway, revision) {
      const known = gateways.get(gateway) ?? newGateway(now());
      gateways.set(gateway, known);
      known.lastSeenAt = now();
      noteAck(known, revision, now());
      const { revision: present, leaseMs } = tables.present();
      // From now on it lives by this table's lease, and no longer by an earlier, perhaps longer one.
      if (holds(known, present)) known.leaseUntil = now() + leaseMs;
    },
    publish(agents, leaseMs) {
      const changed = tables.publish(agents, leaseMs) ? gateways.values() : [];
      for (const known of changed) sendTable(known, tables.present(), now());
      return tables.present().revision;
    },
    async renewLeases() {
      for (const [gateway, known] of gateways) {
        renew(known, tables.present(), now());
        const isGone = known.connections.size === 0 && known.leaseUntil <= now();
        if (!isGone || now() - known.lastSeenAt <= SHOWN_AFTER_MS) continue;
        gateways.delete(gateway);
        await state.forgetGateway(gateway);
      }
    },
    spreadOf(revision) {
      const publication = { revision, publishedAt: tables.publishedAt(revision) };
      const spread = [...gateways].map(([gateway, known]) => spreadTo({ gateway, known }, publication, now()));
      return { ...publication, gateways: spread.filter((part) => part !== null) };
    },
    views: () =>
      [...gateways].map(([gateway, known]) => toGatewayView({ gateway, known }, tables.present().revision, now())),
  };
}

async function recallGateways({ now, state }: GatewayHubDeps): Promise<Map<GatewayId, KnownGateway>> {
  const known = await state.knownGateways();
  return new Map(known.map(({ gateway, leaseMs }) => [gateway, { ...newGateway(now() + leaseMs), lastSeenAt: now() }]));
}

/** It lives by the table that it is sent now. */
function newGateway(leaseUntil: number): KnownGateway {
  return { connections: new Set(), acks: [], leaseUntil, renewedAt: 0, lastSeenAt: 0 };
}

/** A table that is sent is a lease, whether or not we hear that it arrived. */
function lend(known: KnownGateway, { leaseMs }: RoutingTable, now: number): void {
  known.leaseUntil = Math.max(known.leaseUntil, now + leaseMs);
}

/** A gateway that has not taken the present table gets no more time for the one it holds. */
function renew(known: KnownGateway, { revision, leaseMs }: RoutingTable, now: number): void {
  if (known.connections.size === 0 || !holds(known, revision) || now - known.renewedAt < leaseMs / 3) return;
  known.renewedAt = now;
  known.leaseUntil = now + leaseMs;
  known.lastSeenAt = now;
  sendToAll(known, { event: "lease", data: revision });
}

function sendTable(known: KnownGateway, table: RoutingTable, now: number): void {
  if (known.connections.size > 0) lend(known, table, now);
  sendToAll(known, { event: "table", data: table });
}

function sendToAll({ connections }: KnownGateway, event: Parameters<SendTableEvent>[0]): void {
  for (const send of connections) send(event);
}

type Tables = {
  present(): RoutingTable;
  /** False when these are the present routes. */
  publish(agents: readonly AgentRoute[], leaseMs: number): boolean;
  publishedAt(revision: Revision): number;
};

const PUBLICATIONS_KEPT = 500;

function createTables({ now, epoch, leaseMs }: GatewayHubDeps): Tables {
  const empty: RoutingTable = { revision: { epoch, sequence: 0 }, leaseMs, agents: [] };
  let current = { table: empty, at: now() };
  let publications: readonly (typeof current)[] = [current];
  return {
    present: () => current.table,
    publish(agents, lease) {
      const table = { revision: { epoch, sequence: current.table.revision.sequence + 1 }, leaseMs: lease, agents };
      if (contentOf(table) === contentOf(current.table)) return false;
      current = { table, at: now() };
      publications = [...publications.slice(-PUBLICATIONS_KEPT + 1), current];
      return true;
    },
    publishedAt: (revision) =>
      publications.find(({ table }) => compareRevisions(table.revision, revision) === 0)?.at ?? current.at,
  };
}

/** Everything but the revision. */
function contentOf({ leaseMs, agents }: RoutingTable): string {
  return JSON.stringify({ leaseMs, agents });
}
