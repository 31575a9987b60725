import { TelemetryError } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { connectChdb } from "./connect-chdb.ts";
import { migrate } from "./migrate.ts";
import { closeAll, openStore, type OpenTraceStore } from "./open-store.ts";
import { retain, type Retention } from "./retention.ts";
import { letEngineKeepUp, letEngineStepAside } from "./step-aside.ts";

/** The engine starts threads as it needs them. */
const STEP_ASIDE_EVERY_MS = 10_000;

/**
 * The embedded database in a directory of its own, which is made if missing. One process at a time may have it open:
 * throws `TelemetryError` `data_directory_in_use` for the second, `data_directory_unusable`, `store_newer`.
 */
export async function openChdbTraceStore({
  directory,
  retention,
}: {
  directory: string;
  /** What is there stays as it is unless given. */
  retention?: Retention;
}): Promise<OpenTraceStore> {
  await makeDirectory(directory);
  const clients: ClickHouseClient[] = [];
  try {
    // A connection works on one statement at a time.
    for (let count = 0; count < 3; count += 1) clients.push(await connectChdb(directory));
    const [inserts, reads, pages] = clients;
    if (inserts === undefined || reads === undefined || pages === undefined) throw new Error("no connection");
    await migrate(inserts);
    await letEngineStepAside();
    if (retention !== undefined) await retain(inserts, retention);
    return keepAside(openStore({ inserts, reads, pages }));
  } catch (cause) {
    await closeAll(clients);
    throw cause instanceof TelemetryError ? cause : await whyNotOpened(directory, cause);
  }
}

/** As long as it is open. */
function keepAside(opened: OpenTraceStore): OpenTraceStore {
  const stepAside = setInterval(() => void letEngineStepAside(), STEP_ASIDE_EVERY_MS).unref();
  const close = async (): Promise<void> => {
    clearInterval(stepAside);
    await letEngineKeepUp();
    await opened.close();
  };
  return { ...opened, store: { ...opened.store, close }, close };
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
