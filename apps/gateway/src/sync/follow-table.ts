import { revisionSchema } from "@perch/api";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { HeldTable } from "../table/held-table.ts";
import { parseTable } from "../table/parse-table.ts";
import type { Acknowledger } from "./acknowledger.ts";
import { backoffMs, type Sleep } from "./backoff.ts";
import { createLateness } from "./lateness.ts";
import type { ServerLink } from "./server-link.ts";

export type FollowTableDeps = {
  readonly link: Pick<ServerLink, "tableEvents">;
  readonly held: HeldTable;
  readonly acknowledger: Pick<Acknowledger, "acknowledge">;
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly now: () => number;
  /** A clock that never jumps. */
  readonly tick: () => number;
  /** A new table is in force. */
  readonly onApplied: () => void;
};

const LONGEST_WAIT_MS = 1000;
const FIRST_LEASE_MS = 15_000;
const SHORTEST_SILENCE_MS = 1000;

/** Follows the server's table until aborted, through every loss of the connection. */
export async function followTable(deps: FollowTableDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const stream = await followOnce(deps, signal);
    if (signal.aborted) return;
    failures = stream.wasAlive ? 1 : failures + 1;
    if (isPowerOfTwo(failures)) {
      deps.log.warn("no stream of routing tables; connecting again", { reason: stream.reason, attempt: failures });
    }
    await deps.sleep(backoffMs(failures, LONGEST_WAIT_MS, deps.random()), signal);
  }
}

/** Tells of a long outage ever more rarely. */
function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

async function followOnce(deps: FollowTableDeps, signal: AbortSignal): Promise<{ wasAlive: boolean; reason: string }> {
  // A live server speaks three times a lease; one that is silent for a whole lease is as good as gone.
  const silenceMs = Math.max(SHORTEST_SILENCE_MS, deps.held.index()?.table.leaseMs ?? FIRST_LEASE_MS);
  let wasAlive = false;
  const lateness = createLateness(deps.tick());
  try {
    for await (const { event, data, id } of deps.link.tableEvents({ silenceMs, signal })) {
      // Servers before this do not say when they sent it.
      const lateMs = id === undefined ? 0 : lateness({ sentAt: Number(id), at: deps.tick() });
      if (event === "table") receiveTable(data, lateMs, deps);
      if (event === "lease") receiveLease(data, lateMs, deps);
      wasAlive = true;
      refuseSlowStart(lateMs, deps);
    }
    return { wasAlive, reason: "the server ended it" };
  } catch (error) {
    return { wasAlive, reason: reasonOf(error) };
  }
}

/** On a stream that began late, every lease would be taken for late: a new one may be better. */
function refuseSlowStart(lateMs: number, { held }: FollowTableDeps): void {
  const leaseMs = held.index()?.table.leaseMs ?? FIRST_LEASE_MS;
  if (lateMs > leaseMs / 3) throw new Error(`what the server sends comes ${Math.round(lateMs)} ms late`);
}

/** In force first, then on disk, then acknowledged: what the server hears is already true, and stays true. */
function receiveTable(json: string, lateMs: number, deps: FollowTableDeps): void {
  const { held, log } = deps;
  const table = tryParse(json, log);
  if (table === null) return;
  const offer = held.offer(table, lateMs);
  const { revision } = table;
  if (offer === "older") {
    log.error("the server offers an older routing table than the one held; it is not applied", {
      ...revision,
      hint: "if the server was set up anew, stop the gateway and delete its table.json",
    });
    return;
  }
  deps.acknowledger.acknowledge({ revision, json, appliedAt: deps.now() });
  if (offer === "applied") {
    log.info("routing table applied", { ...revision });
    deps.onApplied();
  }
}

function tryParse(json: string, log: Log): ReturnType<typeof parseTable> | null {
  try {
    return parseTable(json);
  } catch (error) {
    log.error(reasonOf(error));
    return null;
  }
}

function receiveLease(data: string, lateMs: number, { held, log }: FollowTableDeps): void {
  const revision = revisionSchema.parse(JSON.parse(data));
  const renewal = held.renew(revision, lateMs);
  // A table went past us: only a new connection brings it, whole.
  if (renewal === "newer") throw new Error(`the server is at ${revision.epoch}.${revision.sequence}, which never came`);
  if (renewal === "older") log.warn("the server renews an older routing table than the one held", { ...revision });
}
