import {
  TelemetryError,
  type CohortSource,
  type PairSource,
  type SessionSource,
  type TraceStore,
  type WriteCallSource,
} from "@perch/domain";
import { createClient, type ClickHouseClient } from "@clickhouse/client";
import { createChdbConnection } from "chdb/connection";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClickHouseCohortSource } from "./cohort-source.ts";
import { migrate } from "./migrate.ts";
import { createClickHousePairSource } from "./pair-source.ts";
import { createClickHouseSessionSource } from "./session-source.ts";
import { letEngineStepAside } from "./step-aside.ts";
import { createClickHouseTraceStore } from "./trace-store.ts";
import { createClickHouseWriteCallSource } from "./write-call-source.ts";

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

export type OpenTraceStore = {
  readonly store: TraceStore;
  readonly cohorts: CohortSource;
  readonly sessions: SessionSource;
  readonly pairs: PairSource;
  readonly writeCalls: WriteCallSource;
  /** Writes what is waiting and lets go of the directory. The same as `store.close()`; may be called twice. */
  readonly close: () => Promise<void>;
};

/** The engine starts threads as it needs them. */
const STEP_ASIDE_EVERY_MS = 10_000;

/**
 * The embedded database in a directory of its own, which is made if missing. One process at a time may have it open:
 * throws `TelemetryError` `data_directory_in_use` for the second, `data_directory_unusable`, `store_newer`.
 */
export async function openChdbTraceStore({ directory }: { directory: string }): Promise<OpenTraceStore> {
  await makeDirectory(directory);
  const clients: ClickHouseClient[] = [];
  try {
    // A connection works on one statement at a time: writes, assembly with gates, and pages do not wait for each other.
    for (let count = 0; count < 3; count += 1) clients.push(connect(directory));
    const [inserts, reads, pages] = clients;
    if (inserts === undefined || reads === undefined || pages === undefined) throw new Error("no connection");
    await migrate(inserts);
    await letEngineStepAside();
    return openStore({ inserts, reads, pages });
  } catch (cause) {
    await closeAll(clients);
    throw cause instanceof TelemetryError ? cause : await whyNotOpened(directory, cause);
  }
}

function openStore(clients: {
  inserts: ClickHouseClient;
  reads: ClickHouseClient;
  pages: ClickHouseClient;
}): OpenTraceStore {
  const writing = createClickHouseTraceStore(clients);
  const stepAside = setInterval(() => void letEngineStepAside(), STEP_ASIDE_EVERY_MS).unref();
  let closed: Promise<void> | null = null;
  const closeBoth = async (): Promise<void> => {
    clearInterval(stepAside);
    await writing.close();
    await closeAll(Object.values(clients));
  };
  const close = () => (closed ??= closeBoth());
  return {
    store: { ...writing, close },
    cohorts: createClickHouseCohortSource(clients.reads),
    sessions: createClickHouseSessionSource(clients.pages),
    pairs: createClickHousePairSource(clients.pages),
    writeCalls: createClickHouseWriteCallSource(clients.pages),
    close,
  };
}

function connect(directory: string): ClickHouseClient {
  // The interface is the same; chdb names it by client-common's types and the client by its own copy of them.
  const connection: unknown = createChdbConnection({ path: directory });
  return createClient({ connection: connection as NonNullable<ClientOptions["connection"]> });
}

async function closeAll(clients: readonly ClickHouseClient[]): Promise<void> {
  for (const client of clients) await client.close();
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw unusable(directory, cause);
  }
}

/** chDB says only that it could not connect; the engine leaves the holder's process id in the file `status`. */
async function whyNotOpened(directory: string, cause: unknown): Promise<TelemetryError> {
  const status = await readFile(join(directory, "status"), "utf8").catch(() => "");
  const holder = /PID: (\d+)/.exec(status)?.[1];
  if (holder === undefined || !isRunning(Number(holder))) return unusable(directory, cause);
  return new TelemetryError({
    code: "data_directory_in_use",
    message: `the data directory ${directory} is open in process ${holder}, expected it to be free`,
    hint: `stop the Perch server that uses it (process ${holder}), or start with another data directory`,
    cause,
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function unusable(directory: string, cause: unknown): TelemetryError {
  return new TelemetryError({
    code: "data_directory_unusable",
    message: `the data directory ${directory} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "see that it is a directory which this user may write, with free space, or start with another one",
    cause,
  });
}
