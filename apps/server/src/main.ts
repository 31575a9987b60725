import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import type { OpenTraceStore } from "@perch/adapters/clickhouse";
import { createArgumentSchemas } from "@perch/adapters/json-schema";
import { createReleaseContentSource, createReleaseFactsSource } from "@perch/adapters/release-artifact";
import { createHttpProbe } from "@perch/adapters/http-probe";
import { createMemoryTargetProbe } from "@perch/adapters/in-memory";
import { createLexiconScorer } from "@perch/adapters/sentiment";
import { openRegistry } from "@perch/adapters/release-registry";
import { createVerifiedReleaseSource } from "@perch/adapters/sigstore";
import { takeProcessLock } from "@perch/adapters/sqlite";
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
import type { Front } from "./leading/front.ts";
import { serveElected } from "./leading/serve-elected.ts";
import { leadAlone, type Term } from "./leading/term.ts";
import { listen, type Listening } from "./listen.ts";
import { openStore, type Store } from "./open-store.ts";
import { openTraces } from "./open-traces.ts";
import { openScoring, type Scoring } from "./open-scoring.ts";
import { readFlagFile } from "./read-flag-file.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import { parseOptions, type ServerOptions } from "./options.ts";
import { problemOf } from "./problem-of.ts";

/** A third of the shortest lease that a rollout may ask for. */
const RENEW_EVERY_MS = 333;
const FLUSH_EVERY_MS = 500;
const COUNT_PINS_EVERY_MS = 5000;
const BEAT_EVERY_MS = 15_000;
/** Of a leader's lease: often enough that a failed one is made good in time. */
const LOOKS_A_LEASE = 5;
const { version }: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const CONSOLE = fileURLToPath(new URL("../../console/dist", import.meta.url));

const log = createLog(
  (line) => process.stderr.write(line),
  () => Date.now(),
);

try {
  await main(parseOptions(process.argv.slice(2), process.env));
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  const { code, hint } = problemOf(error);
  log.error(reasonOf(error), { code, hint });
  process.exitCode = 1;
  // chDB's threads would keep the process alive.
  setImmediate(() => process.exit());
}

async function main(options: ServerOptions): Promise<void> {
  // With their passwords they go to the stores and nowhere else.
  const { clickhouse: _, database: __, ...settings } = options;
  const ingestGate = ingestGateOf(options);
  const prices = loadPrices(options.priceFile);
  const directory = join(options.data, "server");
  const hooks = hooksOf(options, directory);
  const scoring = openScoring(options.scorersFile, directory);
  const unlock = takeProcessLock(join(directory, "lock"), process.pid);
  const store = await openStore(options, log);
  const traces = await openTraces(options, directory);
  const clock = createClock(options);
  const registry = openRegistry(options.registry, process.env);
  const listening: Listening[] = [];
  const build: Build = (term, ledger) =>
    createServer({
      ...clock,
      term,
      ledger,
      state: store.state,
      transactions: store.transactions,
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
      probe: options.clock === "synthetic" ? createMemoryTargetProbe() : createHttpProbe(version),
      ingestGate,
      hooks,
      ...(scoring !== null && { scoring }),
      log,
      about: { version, dataDirectory: directory },
      settings: { ...settings, consoleDirectory: CONSOLE },
    });
  try {
    const { said, stop } = await serving(store, { build, options, listening });
    stopOnSignal({ listening, stop, traces, store, scoring, unlock });
    process.stdout.write(`${JSON.stringify({ ready: true, ...said })}\n`);
    log.info("ready", { ...said, clock: options.clock });
  } catch (error) {
    await closeAll(listening);
    await closeStores({ traces, store, scoring });
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

type Build = (term: Term, ledger: Ledger) => Promise<Server>;
type ServingDeps = {
  readonly build: Build;
  readonly options: ServerOptions;
  /** What listens is added at once, so that it can be closed whatever fails after it. */
  readonly listening: Listening[];
};
/** `said`: what is told when it is ready. */
type Serving = {
  readonly said: Readonly<Record<string, string | number | null>>;
  readonly stop: () => Promise<void>;
};

async function serving(store: Store, deps: ServingDeps): Promise<Serving> {
  const { leadership } = store;
  if (leadership !== null) return await serveAsOneOfSeveral({ ...store, leadership }, deps);
  const { build, options, listening } = deps;
  const server = await build(await leadAlone(store.state), store.ledger);
  const urls = await listenAll({ ...server, fetch: server.app.fetch }, options, listening);
  const stopTimers = timersOf(server, options);
  return { said: { ...urls, epoch: server.epoch }, stop: async () => stopTimers() };
}

async function serveAsOneOfSeveral(
  { leadership, ledger }: Store & { readonly leadership: NonNullable<Store["leadership"]> },
  { build, options, listening }: ServingDeps,
): Promise<Serving> {
  const { advertiseUrl = null, leaderLeaseMs = 0 } = options.database ?? {};
  if (options.clickhouse === null) {
    log.warn("the trace store is this server's own: after a change of leader gates see none of the other's sessions", {
      hint: "give all servers the same --clickhouse URL",
    });
  }
  let otlpGrpc: { readonly otlpGrpcUrl?: string } = {};
  const elected = await serveElected({
    leadership,
    ledger,
    leaseMs: leaderLeaseMs,
    build,
    startTimers: (server) => timersOf(server, options),
    async listen(front) {
      const { url, ...others } = await listenAll(front, options, listening);
      otlpGrpc = others;
      return { url, drop: () => listening.forEach((one) => one.drop()) };
    },
    advertiseUrl,
    tick: () => performance.now(),
    send: fetch,
    onHopeless: fail,
    log,
  });
  const looking = setInterval(() => void elected.look(), leaderLeaseMs / LOOKS_A_LEASE);
  return {
    said: { url: elected.url, ...otlpGrpc, ...elected.role },
    async stop() {
      clearInterval(looking);
      await elected.stop();
    },
  };
}

function timersOf(server: Server, options: ServerOptions): () => void {
  return options.clock === "synthetic" ? () => undefined : startTimers(server, options);
}

function readIngestTokens(file: string | null): readonly IngestToken[] | null {
  return file === null ? null : parseIngestTokens(readFlagFile("--ingest-token-file", file), file);
}

async function listenAll(
  front: Front,
  { port, otlpGrpcPort, host: hostname }: ServerOptions,
  listening: Listening[],
): Promise<{ readonly url: string; readonly otlpGrpcUrl?: string }> {
  const metrics = createServerMetrics({ version, figures: front.figures });
  const answer: Front["fetch"] = (request, bindings) => metrics.answer(request) ?? front.fetch(request, bindings);
  const http = await listen(answer, { port, hostname }, serve);
  listening.push(http);
  if (otlpGrpcPort === null) return { url: http.url };
  const grpc = await listenGrpc(front.grpcCalls, { port: otlpGrpcPort, hostname });
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
  readonly stop: () => Promise<void>;
  readonly traces: OpenTraceStore;
  readonly store: Pick<Store, "close">;
  readonly scoring: Scoring | null;
  readonly unlock: () => void;
};

async function closeStores({ traces, store, scoring }: Pick<Running, "traces" | "store" | "scoring">): Promise<void> {
  await traces.close();
  scoring?.store.close();
  await store.close();
}

function stopOnSignal({ listening, unlock, ...running }: Running): void {
  let isStopping = false;
  async function stop(): Promise<void> {
    // Whoever follows may lead while answers that are under way here are finished.
    await running.stop();
    await closeAll(listening);
    await closeStores(running);
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
