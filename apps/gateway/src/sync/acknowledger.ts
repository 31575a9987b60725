import type { Revision } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { TableFile } from "../table/table-file.ts";
import { backoffMs, type Sleep } from "./backoff.ts";
import type { ServerLink } from "./server-link.ts";
import type { SyncState } from "./sync-state.ts";

export type AppliedTable = {
  readonly revision: Revision;
  /** As the server sent it; null when it came from the disk. */
  readonly json: string | null;
  readonly appliedAt: number;
};

/** Says to the server which table is in force here: after it is on disk, until the server has heard, newest only. */
export type Acknowledger = {
  acknowledge(table: AppliedTable): void;
  stop(): Promise<void>;
};

export type AcknowledgerDeps = {
  readonly file: Pick<TableFile, "write">;
  readonly link: Pick<ServerLink, "acknowledge">;
  readonly state: Pick<SyncState, "acknowledged">;
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: () => number;
};

const LONGEST_WAIT_MS = 1000;

export function createAcknowledger(deps: AcknowledgerDeps): Acknowledger {
  let current = new AbortController();
  let running = Promise.resolve();
  return {
    acknowledge(table) {
      // An acknowledgement on its way says less than the one that follows: it is not waited for.
      current.abort();
      current = new AbortController();
      const { signal } = current;
      running = running.then(() => acknowledgeUntilHeard(table, signal, deps));
    },
    async stop() {
      current.abort();
      await running;
    },
  };
}

async function acknowledgeUntilHeard(table: AppliedTable, signal: AbortSignal, deps: AcknowledgerDeps): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const problem = await acknowledgeOnce(table, signal, deps);
    if (problem === null || signal.aborted) return;
    deps.log.warn("cannot acknowledge the routing table yet", { ...table.revision, attempt, reason: problem });
    await deps.sleep(backoffMs(attempt, LONGEST_WAIT_MS, deps.random()), signal);
  }
}

/** Null when there is nothing more to do. */
async function acknowledgeOnce(
  table: AppliedTable,
  signal: AbortSignal,
  { file, link, state, log }: AcknowledgerDeps,
): Promise<string | null> {
  try {
    if (table.json !== null) file.write(table.revision, table.json);
  } catch (error) {
    return `the table cannot be kept on disk: ${reasonOf(error)}`;
  }
  const { revision, appliedAt } = table;
  const outcome = await link.acknowledge({ revision, appliedAt }, signal);
  if (outcome.kind === "retryable") return outcome.reason;
  if (outcome.kind === "accepted") state.acknowledged();
  else log.error("the server refuses the acknowledgement", { ...revision, reason: outcome.reason });
  return null;
}
