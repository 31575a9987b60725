import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { openChdbTraceStore, openClickHouseTraceStore, type OpenTraceStore } from "@perch/adapters/clickhouse";
import { createArgumentSchemas } from "@perch/adapters/json-schema";
import { createReleaseContentSource, createReleaseFactsSource } from "@perch/adapters/release-artifact";
import { createHttpProbe } from "@perch/adapters/http-probe";
import { createMemoryTargetProbe } from "@perch/adapters/in-memory";
import { createLexiconScorer } from "@perch/adapters/sentiment";
import { openRegistry } from "@perch/adapters/release-registry";
import { createVerifiedReleaseSource } from "@perch/adapters/sigstore";
import {
  createSqliteAppraisalStore,
  createSqliteLedger,
  createSqliteServerState,
  openScoringDatabase,
  openServerDatabase,
  takeProcessLock,
} from "@perch/adapters/sqlite";
import type { Ledger } from "@perch/domain";
import { createServer, type Server, type ServerDeps } from "./create-server.ts";
import { createLog, reasonOf } from "@perch/adapters/json-log";
import { createIngestGate, type IngestGate } from "./collector/ingest-gate.ts";
import { createHttpHookSender } from "@perch/adapters/webhook";
import { loadNotifications, secretFileIn } from "./hooks/load-notifications.ts";
import { parseIngestTokens, type IngestToken } from "./collector/ingest-tokens.ts";
import { listenGrpc } from "./collector/listen-grpc.ts";
import { loadPrices } from "./prices/load-prices.ts";
import { isLoopback } from "./is-loopback.ts";
import { listen, type Listening } from "./listen.ts";
import { parseOptions, UsageError, type ServerOptions } from "./options.ts";
import { readScorers } from "./scoring/read-scorers.ts";

/** A third of the shortest lease that a rollout may ask for. */
const RENEW_EVERY_MS = 333;
const FLUSH_EVERY_MS = 500;
const COUNT_PINS_EVERY_MS = 5000;
const BEAT_EVERY_MS = 15_000;
const CONSOLE = fileURLToPath(new URL("../../console/dist", import.meta.url));

const log = createLog(
  (line) => process.stderr.write(line),
  () => Date.now(),
);

try {
  await main(parseOptions(process.argv.slice(2), process.env));
} catch (error) {
  const { code, hint } = problemOf(error);
  log.error(reasonOf(error), { code, hint });
  process.exitCode = 1;
  // chDB's threads would keep the process alive.
  setImmediate(() => process.exit());
}

async function main(options: ServerOptions): Promise<void> {
  // With its password it goes to the store and nowhere else.
  const { clickhouse: _, ...settings } = options;
  const ingestGate = ingestGateOf(options);
  const prices = loadPrices(options.priceFile);
  const directory = join(options.data, "server");
  const hooks = hooksOf(options, directory);
  const scoring = openScoring(options.scorersFile, directory);
  const unlock = takeProcessLock(join(directory, "lock"), process.pid);
  const database = openServerDatabase(join(directory, "server.sqlite"));
  const traces = await openTraces(options, directory);
  const ledger = createSqliteLedger(database);
  const clock = createClock(options);
  const registry = openRegistry(options.registry, process.env);
  const listening: Listening[] = [];
  try {
    const server = await createServer({
      ledger,
      state: createSqliteServerState(database),
      traces,
      releases: createVerifiedReleaseSource({
        registry,
        trustDirectory: options.trust,
        // Not the server's clock, which may be synthetic: keys count by the time that it really is.
        now: () => new Date(),
      }),
      contents: createReleaseContentSource(registry),
      facts: createReleaseFactsSource(registry),
      argumentSchemas: createArgumentSchemas(),
      prices,
      sentiment: createLexiconScorer(),
      // On a made-up clock nothing really runs where deployments say.
      probe: options.clock === "synthetic" ? createMemoryTargetProbe() : createHttpProbe(),
      ingestGate,
      hooks,
      ...(scoring !== null && { scoring }),
      now: clock.now,
      tick: clock.tick,
      setNow: clock.setNow,
      log,
      settings: { ...settings, consoleDirectory: CONSOLE },
    });
    const urls = await listenAll(server, options, listening);
    const stopTimers = options.clock === "synthetic" ? () => undefined : startTimers(server, options);
    stopOnSignal({ listening, stopTimers, traces, ledger, scoring, unlock });
    process.stdout.write(`${JSON.stringify({ ready: true, ...urls, epoch: server.epoch })}\n`);
    log.info("ready", { ...urls, epoch: server.epoch, clock: options.clock });
  } catch (error) {
    await closeAll(listening);
    await closeStores({ traces, ledger, scoring });
    throw error;
  }
}

function hooksOf({ notificationsFile: file }: ServerOptions, directory: string): Required<ServerDeps>["hooks"] {
  const settings = loadNotifications({ file, secretFile: secretFileIn(directory), env: process.env });
  return { sender: createHttpHookSender(), settings };
}

function ingestGateOf(options: ServerOptions): IngestGate {
  return createIngestGate({
    tokens: readIngestTokens(options.ingestTokenFile),
    isLoopback: isLoopback(options.host),
    // Not the server's clock, which may be synthetic.
    now: () => performance.now(),
  });
}

function openTraces({ clickhouse, retention }: ServerOptions, directory: string): Promise<OpenTraceStore> {
  if (clickhouse === null) return openChdbTraceStore({ directory: join(directory, "chdb"), retention });
  const { passwordFile, ...server } = clickhouse;
  if (passwordFile === null) return openClickHouseTraceStore({ ...server, retention });
  const password = readFlagFile("--clickhouse-password-file", passwordFile).replace(/\r?\n$/, "");
  return openClickHouseTraceStore({ ...server, password, retention });
}

type Scoring = NonNullable<ServerDeps["scoring"]>;

/** Null where nobody judges: then nothing is kept for it either. */
function openScoring(file: string | null, directory: string): Scoring | null {
  if (file === null) return null;
  const scorers = readScorers(file, process.env);
  return { scorers, store: createSqliteAppraisalStore(openScoringDatabase(join(directory, "scoring.sqlite"))) };
}

function readIngestTokens(file: string | null): readonly IngestToken[] | null {
  return file === null ? null : parseIngestTokens(readFlagFile("--ingest-token-file", file), file);
}

function readFlagFile(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${flag}: cannot read ${file}: ${reasonOf(cause)}`);
  }
}

/** What listens is added to `listening` at once, so that it can be closed whatever fails after it. */
async function listenAll(
  server: Server,
  { port, otlpGrpcPort, host: hostname }: ServerOptions,
  listening: Listening[],
): Promise<{ readonly url: string; readonly otlpGrpcUrl?: string }> {
  const http = await listen(server.app.fetch, { port, hostname }, serve);
  listening.push(http);
  if (otlpGrpcPort === null) return { url: http.url };
  const grpc = await listenGrpc(server.grpcCalls, { port: otlpGrpcPort, hostname });
  listening.push(grpc);
  return { url: http.url, otlpGrpcUrl: grpc.url };
}

async function closeAll(listening: readonly Listening[]): Promise<void> {
  await Promise.all(listening.map((one) => one.close()));
}

type Clock = Pick<ServerDeps, "now" | "tick" | "setNow">;

function createClock({ clock }: ServerOptions): Clock {
  if (clock === "real") return { now: () => Date.now(), tick: () => performance.now(), setNow: null };
  let current = 0;
  return {
    now: () => current,
    tick: () => current,
    setNow: (now) => {
      current = now;
    },
  };
}

function startTimers(server: Server, { tickMs }: ServerOptions): () => void {
  const every = (ms: number, run: () => Promise<void> | void) =>
    setInterval(() => {
      void (async () => {
        try {
          await run();
        } catch (error) {
          log.warn("a regular task failed; it runs again", { reason: reasonOf(error) });
        }
      })();
    }, ms);
  const timers = [
    every(tickMs, () => server.turn()),
    every(tickMs, () => server.judge()),
    every(RENEW_EVERY_MS, () => server.renewLeases()),
    every(COUNT_PINS_EVERY_MS, () => server.countPins()),
    every(FLUSH_EVERY_MS, () => server.flush()),
    every(BEAT_EVERY_MS, () => server.beat()),
  ];
  return () => timers.forEach((timer) => clearInterval(timer));
}

type Running = {
  readonly listening: readonly Listening[];
  readonly stopTimers: () => void;
  readonly traces: OpenTraceStore;
  readonly ledger: Ledger;
  readonly scoring: Scoring | null;
  readonly unlock: () => void;
};

async function closeStores({ traces, ledger, scoring }: Pick<Running, "traces" | "ledger" | "scoring">): Promise<void> {
  await traces.close();
  scoring?.store.close();
  await ledger.close();
}

function stopOnSignal({ listening, stopTimers, unlock, ...stores }: Running): void {
  let isStopping = false;
  async function stop(): Promise<void> {
    stopTimers();
    await closeAll(listening);
    await closeStores(stores);
    unlock();
    log.info("stopped");
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error("could not stop cleanly", { reason: reasonOf(error) });
          process.exit(1);
        },
      );
    });
  }
}

function problemOf(error: unknown): { code: string; hint: string } {
  const read = (name: "code" | "hint", otherwise: string): string => {
    const value: unknown = error instanceof Error && name in error ? Reflect.get(error, name) : undefined;
    return typeof value === "string" ? value : otherwise;
  };
  return { code: read("code", "internal"), hint: read("hint", "report this with the lines above it") };
}
