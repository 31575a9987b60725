import type { Log } from "@perch/adapters/json-log";
import type { GatewayView, Question } from "@perch/api";
import {
  compareRevisions,
  LedgerError,
  type AgentRoute,
  type GatewayId,
  type Revision,
  type RoutingTable,
  type ServerState,
} from "@perch/domain";
import {
  grantLease,
  holds,
  leasedUntil,
  longestLifeMs,
  noteAck,
  spreadTo,
  toGatewayView,
  type GatewaySpread,
  type KnownGateway,
  type Moment,
  type SendTableEvent,
} from "./known-gateway.ts";
import type { Term } from "../leading/term.ts";
import { createOvertaking } from "./overtaking.ts";
import { createTables } from "./tables.ts";

/** How far a revision has come. Gateways that were gone before it was published have no part in it. */
export type Spread = {
  readonly revision: Revision;
  readonly publishedAt: number;
  readonly gateways: readonly GatewaySpread[];
};

/** The gateways, as far as the server knows them, and the table that they are to route by. */
export interface GatewayHub {
  /**
   * To be awaited before `connect`: a server that starts later has to know who may hold a lease. `held` is in force at the
   * gateway, if anything is. If it is newer than the present table, this server's state was restored from an old copy: then
   * its epoch moves past that revision, and its table goes to everybody anew.
   */
  expect(gateway: GatewayId, held: Revision | null): Promise<void>;
  /** The table is sent at once, unless it is held there, and again whenever it changes. The answer disconnects. */
  connect(gateway: GatewayId, held: Revision | null, send: SendTableEvent): () => void;
  /** One of a table newer than the present one says what `held` says, and acknowledges nothing. */
  acknowledge(gateway: GatewayId, revision: Revision): Promise<void>;
  /** Gives the routes a new revision and sends them, if they differ from the present ones. */
  publish(agents: readonly AgentRoute[], leaseMs: number): Revision;
  /** Renews each lease of the present table that has run for a third. To be called at least that often. */
  renewLeases(): Promise<void>;
  /** Of the present table. */
  revision(): Revision;
  /** Gateways that hold a stream open. */
  connected(): readonly GatewayId[];
  /** False when it is not connected. */
  ask(gateway: GatewayId, question: Question): boolean;
  spreadOf(revision: Revision): Spread;
  views(): readonly GatewayView[];
}

export type GatewayHubDeps = {
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps: a lease is a span of time, not a date. */
  readonly tick: () => number;
  readonly term: Term;
  readonly state: Pick<ServerState, "nextEpoch" | "knownGateways" | "rememberGateway" | "forgetGateway">;
  readonly leaseMs: number;
  readonly log: Pick<Log, "warn">;
};

/** How long a gateway that is gone is still shown. */
const SHOWN_AFTER_MS = 600_000;
/** By which table a gateway lived under an earlier start of this server, nobody knows. */
const SOME_EARLIER: Revision = { epoch: 0, sequence: 0 };

/**
 * After its term a hub sends nothing. Gateways of an earlier start may still assign by its tables: each is awaited until a
 * whole lease has passed.
 */
export async function createGatewayHub(deps: GatewayHubDeps): Promise<GatewayHub> {
  const { now, tick, state, term } = deps;
  const gateways = await recallGateways(deps);
  const tables = createTables({ ...deps, epoch: term.epoch });
  const sendTable = (): void => {
    if (term.isInForce()) gateways.forEach((known) => sendPresent(known, tables.present(), tick()));
  };
  const longestLease = (): number => Math.max(deps.leaseMs, tables.present().leaseMs);
  const overtake = createOvertaking({
    ...deps,
    tables,
    // Its lease for that table is none of ours.
    onAhead: (gateway, held) => grantLease(knownAs(gateway, gateways), held, tick() + longestLifeMs(longestLease())),
    onMoved: sendTable,
  });
  return {
    async expect(gateway, held) {
      refuseAfter(term);
      if (held !== null) await overtake(gateway, held);
      await state.rememberGateway(gateway, longestLease());
      refuseAfter(term);
    },
    connect(gateway, held, send) {
      const known = knownAs(gateway, gateways);
      greet(known, { held, send }, { table: tables.present(), at: momentOf(deps) });
      return () => {
        known.connections.delete(send);
        known.lastSeenAt = now();
      };
    },
    async acknowledge(gateway, revision) {
      const wasAhead = await overtake(gateway, revision);
      if (!wasAhead) hear(knownAs(gateway, gateways), revision, { table: tables.present(), at: momentOf(deps) });
    },
    publish(agents, leaseMs) {
      if (tables.publish(agents, leaseMs)) sendTable();
      return tables.present().revision;
    },
    renewLeases: () => renewAll(gateways, () => tables.present(), deps),
    revision: () => tables.present().revision,
    connected: () => connectedAmong(gateways),
    ask: (gateway, question) => ask(gateways.get(gateway), question),
    spreadOf: (revision) =>
      spreadAmong(gateways, { revision, publishedAt: tables.publishedAt(revision) }, momentOf(deps)),
    views: () => viewsOf(gateways, tables.present().revision, tick()),
  };
}

function momentOf({ now, tick }: Pick<GatewayHubDeps, "now" | "tick">): Moment {
  return { now: now(), tick: tick() };
}

async function renewAll(
  gateways: Map<GatewayId, KnownGateway>,
  present: () => RoutingTable,
  { term, state, ...clocks }: GatewayHubDeps,
): Promise<void> {
  for (const [gateway, known] of gateways) {
    if (!term.isInForce()) return;
    renew(known, present(), momentOf(clocks));
    if (!isForgettable(known, momentOf(clocks))) continue;
    gateways.delete(gateway);
    await state.forgetGateway(gateway);
  }
}

/** What a gateway was given from here on, the next leader would not know of. */
function refuseAfter(term: Term): void {
  if (term.isInForce()) return;
  throw new LedgerError({
    code: "deposed",
    message: "this server does not lead any more, expected one that does",
    hint: "ask again, here or another server",
  });
}

function connectedAmong(gateways: ReadonlyMap<GatewayId, KnownGateway>): readonly GatewayId[] {
  return [...gateways].filter(([, { connections }]) => connections.size > 0).map(([gateway]) => gateway);
}

function viewsOf(gateways: ReadonlyMap<GatewayId, KnownGateway>, present: Revision, tick: number): GatewayView[] {
  return [...gateways].map(([gateway, known]) => toGatewayView({ gateway, known }, present, tick));
}

async function recallGateways({ now, tick, state }: GatewayHubDeps): Promise<Map<GatewayId, KnownGateway>> {
  const known = await state.knownGateways();
  return new Map(
    known.map(({ gateway, leaseMs }) => {
      const grants = [{ revision: SOME_EARLIER, until: tick() + longestLifeMs(leaseMs) }];
      return [gateway, { ...newGateway(), grants, lastSeenAt: now() }];
    }),
  );
}

function knownAs(gateway: GatewayId, gateways: Map<GatewayId, KnownGateway>): KnownGateway {
  const known = gateways.get(gateway) ?? newGateway();
  gateways.set(gateway, known);
  return known;
}

/** The present table, or only its lease where it is in force already. */
function greet(
  known: KnownGateway,
  { held, send }: { readonly held: Revision | null; readonly send: SendTableEvent },
  { table, at }: { readonly table: RoutingTable; readonly at: Moment },
): void {
  known.lastSeenAt = at.now;
  known.connections.add(send);
  // What it was last seen with may be gone with its process: it has to say again what it holds.
  known.acks = [];
  grantLease(known, table.revision, at.tick + longestLifeMs(table.leaseMs));
  const isHeld = held !== null && compareRevisions(held, table.revision) === 0;
  send(isHeld ? { event: "lease", data: table.revision } : { event: "table", data: table });
}

function hear(
  known: KnownGateway,
  revision: Revision,
  { table, at }: { readonly table: RoutingTable; readonly at: Moment },
): void {
  known.lastSeenAt = at.now;
  noteAck(known, revision, at.now);
  // It may have come there only just now.
  if (holds(known, table.revision)) grantLease(known, table.revision, at.tick + longestLifeMs(table.leaseMs));
}

function newGateway(): KnownGateway {
  return { connections: new Set(), acks: [], grants: [], renewedAt: Number.NEGATIVE_INFINITY, lastSeenAt: 0 };
}

function sendPresent(known: KnownGateway, table: RoutingTable, tick: number): void {
  if (known.connections.size === 0) return;
  grantLease(known, table.revision, tick + longestLifeMs(table.leaseMs));
  sendToAll(known, { event: "table", data: table });
}

/** A gateway that has not taken the present table gets no more time for the one it holds. */
function renew(known: KnownGateway, { revision, leaseMs }: RoutingTable, { now, tick }: Moment): void {
  if (known.connections.size === 0 || !holds(known, revision) || tick - known.renewedAt < leaseMs / 3) return;
  known.renewedAt = tick;
  grantLease(known, revision, tick + longestLifeMs(leaseMs));
  known.lastSeenAt = now;
  sendToAll(known, { event: "lease", data: revision });
}

function spreadAmong(
  gateways: ReadonlyMap<GatewayId, KnownGateway>,
  publication: Omit<Spread, "gateways">,
  at: Moment,
): Spread {
  const spread = [...gateways].map(([gateway, known]) => spreadTo({ gateway, known }, publication, at));
  return { ...publication, gateways: spread.filter((part) => part !== null) };
}

function isForgettable(known: KnownGateway, { now, tick }: Moment): boolean {
  const isGone = known.connections.size === 0 && leasedUntil(known) <= tick;
  return isGone && now - known.lastSeenAt > SHOWN_AFTER_MS;
}

/** Of several streams of one gateway the newest is the one that lives. */
function ask(known: KnownGateway | undefined, question: Question): boolean {
  const newest = [...(known?.connections ?? [])].at(-1);
  newest?.({ event: "question", data: question });
  return newest !== undefined;
}

function sendToAll({ connections }: KnownGateway, event: Parameters<SendTableEvent>[0]): void {
  for (const send of connections) send(event);
}
