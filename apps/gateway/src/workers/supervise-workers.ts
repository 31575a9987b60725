import { reasonOf, type Log } from "@perch/adapters/json-log";
import { parseGatewayId, type GatewayId } from "@perch/domain";
import { claimIdentity } from "../config/claim-identity.ts";
import type { GatewayConfig } from "../config/parse-config.ts";
import { GatewayError } from "../gateway-error.ts";
import { backoffMs, sleep } from "../sync/backoff.ts";
import { createReportDesk, type ReportDesk } from "./ask-workers.ts";
import { startWorker, type Worker } from "./start-worker.ts";
import { stopSignal } from "./stop-signal.ts";

const LONGEST_WAIT_MS = 5000;
/** A worker that ran for so long did not die of how it was started. */
const STABLE_MS = 10_000;

/** Runs so many gateway processes on one port, and starts each again that dies, until told to stop. */
export async function superviseWorkers(config: GatewayConfig, args: readonly string[], log: Log): Promise<void> {
  const base = claimIdentity(config.directory, config.id);
  const stopping = new AbortController();
  const asked = stopSignal().then(() => stopping.abort());
  const [first = base.id, ...others] = freeNames(config, base.id);
  const started = await startWorker(args, { id: first, port: config.port });
  const { port } = new URL(started.url);
  const rest = await Promise.all(others.map((id) => startWorker(args, { id, port: Number(port) })));
  const desk = createReportDesk();
  const keeping = { args, log, desk, signal: stopping.signal };
  const kept = [started, ...rest].map((worker) => keepRunning(worker, keeping));
  const workers = [started, ...rest].map(({ id }) => id);
  const ready = { ready: true, url: started.url, gateway: base.id, workers, server: config.serverUrls.join(",") };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await asked;
  log.info("stopping: letting the workers finish their answers", { workers: workers.join(" ") });
  await Promise.all(kept);
  base.release();
}

/** A worker of a parent that was killed may still finish its answers under its name, for as long as those take. */
function freeNames({ directory, workers }: GatewayConfig, base: GatewayId): readonly GatewayId[] {
  const names: GatewayId[] = [];
  for (let number = 1; names.length < workers; number += 1) {
    const name = parseGatewayId(`${base}-${number}`);
    if (isFree(directory, name)) names.push(name);
  }
  return names;
}

function isFree(directory: string, name: GatewayId): boolean {
  try {
    claimIdentity(directory, name).release();
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.code === "gateway_id_in_use") return false;
    throw error;
  }
}

type Keeping = {
  readonly args: readonly string[];
  readonly log: Log;
  readonly desk: ReportDesk;
  readonly signal: AbortSignal;
};

async function keepRunning(first: Worker, { args, log, desk, signal }: Keeping): Promise<void> {
  const { id } = first;
  const port = Number(new URL(first.url).port);
  let deaths = 0;
  for (let worker: Worker | null = first; ;) {
    const startedAt = performance.now();
    if (worker !== null) desk.attach(id, worker.line);
    const ending = worker === null ? "could not be started" : await endOf(worker, signal);
    if (signal.aborted) return;
    deaths = performance.now() - startedAt > STABLE_MS ? 1 : deaths + 1;
    log.error("a worker ended by itself; starting it again", { worker: id, ending, deaths });
    await sleep(backoffMs(deaths, LONGEST_WAIT_MS, 1), signal);
    worker = signal.aborted ? null : await tryToStart(args, { id, port }, log);
  }
}

/** Passes the word to stop on, and resolves when the worker is gone. */
async function endOf(worker: Worker, signal: AbortSignal): Promise<string> {
  const stop = (): void => worker.stop();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const ending = await worker.ended;
  signal.removeEventListener("abort", stop);
  return ending;
}

async function tryToStart(
  args: readonly string[],
  options: { readonly id: GatewayId; readonly port: number },
  log: Log,
): Promise<Worker | null> {
  try {
    return await startWorker(args, options);
  } catch (error) {
    log.error("a worker cannot be started", { worker: options.id, reason: reasonOf(error) });
    return null;
  }
}
