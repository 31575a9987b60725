import { revisionSchema } from "@perch/api";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { RoutingTable } from "@perch/domain";
import type { HeldTable } from "../table/held-table.ts";
import { parseTable } from "../table/parse-table.ts";
import type { Acknowledger, AppliedTable } from "./acknowledger.ts";
import { backoffMs, type Sleep } from "./backoff.ts";
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
  try {
    for await (const { event, data } of link.tableEvents({ held: table?.revision ?? null, silenceMs, signal })) {
      if (!wasAlive) following.state.connected();
      if (event === "table") receiveTable(data, following);
      if (event === "lease") receiveLease(data, wasAlive, following);
      wasAlive = true;
    }
    return { wasAlive, reason: "the server ended it" };
  } catch (error) {
    return { wasAlive, reason: reasonOf(error) };
  }
}

/** In force first, then on disk, then acknowledged: what the server hears is already true, and stays true. */
function receiveTable(json: string, following: Following): void {
  const { held, log, now, tick, state } = following;
  const [receivedAt, receivedTick] = [now(), tick()];
  const table = tryParse(json, log);
  if (table === null) return;
  const offer = held.offer(table);
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

function receiveLease(data: string, wasAlive: boolean, { held, log, inForce, acknowledger }: Following): void {
  const revision = revisionSchema.parse(JSON.parse(data));
  const renewal = held.renew(revision);
  // A table went past us: only a new connection brings it, whole.
  if (renewal === "newer") throw new Error(`the server is at ${revision.epoch}.${revision.sequence}, which never came`);
  if (renewal === "older") log.warn("the server renews an older routing table than the one held", { ...revision });
  // A connection that begins with a lease spares us the table; whether the server knows that it is in force, nobody knows.
  else if (!wasAlive && inForce !== null) acknowledger.acknowledge(inForce);
}
