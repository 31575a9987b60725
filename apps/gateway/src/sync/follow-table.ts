import type { EventSourceMessage } from "eventsource-parser";
import { revisionSchema } from "@perch/api";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { RoutingTable } from "@perch/domain";
import type { HeldTable } from "../table/held-table.ts";
import { parseTable } from "../table/parse-table.ts";
import type { Acknowledger, AppliedTable } from "./acknowledger.ts";
import { backoffMs, type Sleep } from "./backoff.ts";
import { createLateness } from "./lateness.ts";
import type { ServerLink } from "./server-link.ts";
import type { SyncState } from "./sync-state.ts";

export type FollowTableDeps = {
  readonly link: Pick<ServerLink, "tableEvents">;
  readonly held: HeldTable;
  readonly acknowledger: Pick<Acknowledger, "acknowledge">;
  readonly state: SyncState;
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
  /** The server asks something; until `signal` aborts there is somebody to answer. */
  readonly onQuestion: (data: string, signal: AbortSignal) => void;
  /** A new table is in force. */
  readonly onApplied: () => void;
};

const LONGEST_WAIT_MS = 1000;
const FIRST_LEASE_MS = 15_000;
const SHORTEST_SILENCE_MS = 1000;

/** Follows the server's table until aborted, through every loss of the connection. */
export async function followTable(deps: FollowTableDeps, signal: AbortSignal): Promise<void> {
  const following: Following = { ...deps, signal, inForce: restoredTable(deps) };
  let failures = 0;
  while (!signal.aborted) {
    const stream = await followOnce(following);
    if (signal.aborted) return;
    deps.state.disconnected(stream.reason);
    failures = stream.wasAlive ? 1 : failures + 1;
    if (isPowerOfTwo(failures)) {
      deps.log.warn("no stream of routing tables; connecting again", { reason: stream.reason, attempt: failures });
    }
    await deps.sleep(backoffMs(failures, LONGEST_WAIT_MS, deps.random()), signal);
  }
}

type Following = FollowTableDeps & {
  readonly signal: AbortSignal;
  /** What the server is told again when it has forgotten, or never heard. */
  inForce: AppliedTable | null;
};

function restoredTable({ held, now }: FollowTableDeps): AppliedTable | null {
  const table = held.index()?.table;
  return table === undefined ? null : { revision: table.revision, json: null, appliedAt: now() };
}

/** Tells of a long outage ever more rarely. */
function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

async function followOnce(following: Following): Promise<{ wasAlive: boolean; reason: string }> {
  const { held, link, signal } = following;
  const table = held.index()?.table ?? null;
  // A live server speaks three times a lease; one that is silent for a whole lease is as good as gone.
  const silenceMs = Math.max(SHORTEST_SILENCE_MS, table?.leaseMs ?? FIRST_LEASE_MS);
  let wasAlive = false;
  const lateness = createLateness(following.tick());
  try {
    for await (const message of link.tableEvents({ held: table?.revision ?? null, silenceMs, signal })) {
      if (!wasAlive) following.state.connected();
      const sentAt = sentAtOf(message.id);
      const lateMs = sentAt === null ? 0 : lateness({ sentAt, at: following.tick() });
      receive(message, { wasAlive, lateMs }, following);
      wasAlive = true;
      refuseSlowStart(lateMs, following);
    }
    return { wasAlive, reason: "the server ended it" };
  } catch (error) {
    return { wasAlive, reason: reasonOf(error) };
  }
}

type Arrival = { readonly wasAlive: boolean; readonly lateMs: number };

function receive(
  { event, data }: Pick<EventSourceMessage, "event" | "data">,
  arrival: Arrival,
  following: Following,
): void {
  if (event === "table") receiveTable(data, arrival.lateMs, following);
  if (event === "lease") receiveLease(data, arrival, following);
  if (event === "question") following.onQuestion(data, following.signal);
}

/** When the server sent it, by its clock; null from servers that do not say. */
function sentAtOf(id: string | undefined): number | null {
  const [, sentAt] = /@(\d{1,15}(?:\.\d{1,6})?)$/.exec(id ?? "") ?? [];
  return sentAt === undefined ? null : Number(sentAt);
}

/** On a stream that began late, every lease would be taken for late: a new one may be better. */
function refuseSlowStart(lateMs: number, { held }: Following): void {
  const leaseMs = held.index()?.table.leaseMs ?? FIRST_LEASE_MS;
  if (lateMs > leaseMs / 3) throw new Error(`what the server sends comes ${Math.round(lateMs)} ms late`);
}

/** In force first, then on disk, then acknowledged: what the server hears is already true, and stays true. */
function receiveTable(json: string, lateMs: number, following: Following): void {
  const { held, log, now, tick, state } = following;
  const [receivedAt, receivedTick] = [now(), tick()];
  const table = tryParse(json, log);
  if (table === null) return;
  const offer = held.offer(table, lateMs);
  const { revision } = table;
  if (offer === "older") {
    log.error("the server offers an older routing table than the one held; it is not applied", {
      ...revision,
      hint: "a server that knows of gateways ahead of it moves past them: is this one older than the gateway?",
    });
    return;
  }
  following.inForce = { revision, json, appliedAt: now() };
  if (offer === "applied") {
    following.onApplied();
    state.applied({ at: receivedAt, appliedMs: Math.round((tick() - receivedTick) * 1000) / 1000 });
    log.info("routing table applied", { ...revision });
  }
  following.acknowledger.acknowledge(following.inForce);
}

function tryParse(json: string, log: Log): RoutingTable | null {
  try {
    return parseTable(json);
  } catch (error) {
    log.error(reasonOf(error));
    return null;
  }
}

function receiveLease(
  data: string,
  { wasAlive, lateMs }: Arrival,
  { held, log, inForce, acknowledger }: Following,
): void {
  const revision = revisionSchema.parse(JSON.parse(data));
  const renewal = held.renew(revision, lateMs);
  // A table went past us: only a new connection brings it, whole.
  if (renewal === "newer") throw new Error(`the server is at ${revision.epoch}.${revision.sequence}, which never came`);
  if (renewal === "older") log.warn("the server renews an older routing table than the one held", { ...revision });
  // A connection that begins with a lease spares us the table; whether the server knows that it is in force, nobody knows.
  else if (!wasAlive && inForce !== null) acknowledger.acknowledge(inForce);
}
