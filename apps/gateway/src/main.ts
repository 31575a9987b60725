import { randomFillSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSqliteTurnOutbox, openGatewayDatabase, SqliteError, startCheckpointer } from "@perch/adapters/sqlite";
import type { GatewayId, PinSecrets, TurnOutbox } from "@perch/domain";
import { createAdminAccess } from "./admin/admin-access.ts";
import { createAdminPages, type AdminPages } from "./admin/admin-pages.ts";
import { statusOf, type Draining, type StatusDeps } from "./admin/gateway-status.ts";
import { createAskClassifier } from "./classify/ask-classifier.ts";
import { createClassifierLink } from "./classify/classifier-link.ts";
import { createSessionTargeting } from "./classify/session-targeting.ts";
import { createStrategyCounter } from "./classify/strategy-counts.ts";
import { claimIdentity } from "./config/claim-identity.ts";
import { parseCommand, USAGE, type GatewayConfig } from "./config/parse-config.ts";
import { readAdminToken } from "./config/read-admin-token.ts";
import { readPinSecrets } from "./config/read-pin-secrets.ts";
import { GatewayError } from "./gateway-error.ts";
import { createLog, reasonOf, type Log } from "@perch/adapters/json-log";
import { createLlhttp } from "./http1/llhttp.ts";
import { letHeapFill } from "./let-heap-fill.ts";
import { createLookAfter } from "./look-after.ts";
import { createMetrics, type MetricsDeps } from "./metrics/create-metrics.ts";
import { createMeter, type MeterCounts } from "./metrics/meter.ts";
import type { Mirror } from "./mirror/create-mirror.ts";
import { openMirror } from "./mirror/open-mirror.ts";
import { createMoving, type Moving } from "./moves/create-moving.ts";
import { openPinStore, type Pins } from "./pins/open-pin-store.ts";
import { createQuestionAnswerer } from "./questions/answer-questions.ts";
import { createRequestHandler } from "./proxy/handle-request.ts";
import { listen } from "./proxy/listen.ts";
import { createRandomHex } from "./proxy/random-hex.ts";
import { createReleaseLimit } from "./proxy/release-limit.ts";
import { createTickEnd } from "./proxy/tick-end.ts";
import { createUpstreamHealth } from "./proxy/upstream-health.ts";
import { createUpstreamPools, type UpstreamPools } from "./proxy/upstream-pools.ts";
import { createPlacementCounts } from "./session/placement-counts.ts";
import { sleep } from "./sync/backoff.ts";
import { createServerLink } from "./sync/several-servers.ts";
import { startSync } from "./sync/start-sync.ts";
import { createSyncState } from "./sync/sync-state.ts";
import { createHeldTable, type HeldTable } from "./table/held-table.ts";
import { parseTable } from "./table/parse-table.ts";
import { createTableFile, type TableFile } from "./table/table-file.ts";
import type { OpenTracingDeps, Tracing } from "./tracing/open-tracing.ts";
import { createTurnRecorder } from "./turns/turn-recorder.ts";
import type { Report } from "./workers/report.ts";
import { stopSignal } from "./workers/stop-signal.ts";
import { superviseWorkers } from "./workers/supervise-workers.ts";
import { createWorkerReports, lineToParent } from "./workers/worker-reports.ts";

const FLUSH_MS = 2000;
const LOOK_AFTER_MS = 1000;

const { version }: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const now = (): number => Date.now();
const tick = (): number => performance.now();
const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
const random = (): number => Math.random();

async function run(config: GatewayConfig, log: Log): Promise<void> {
  const { secrets, file, close, ...state } = await openState(config, log);
  const { gateway, pins, outbox, held } = state;
  const parts = await createParts(config, { ...state, log });
  const { tickEnd, recorder, llhttp, pools, meter, tracing, classifiers, link, moving, mirror } = parts;
  let draining: Draining | null = null;
  const admin = openAdmin(config, {
    ...state,
    ...parts,
    mover: moving.mover,
    draining: () => draining,
    inFlight: () => listener.inFlight(),
    connections: () => listener.connections(),
  });
  const handle = createRequestHandler({
    ...parts,
    gateway,
    held,
    pins: pins.cached,
    ...moving,
    secrets,
    maxConcurrent: config.maxConcurrent,
    admin,
    record(turn, onKept) {
      meter.recorded(turn);
      recorder.record(turn, onKept);
    },
    newId: randomUUID,
    upstreamTimeoutMs: config.upstreamTimeoutMs,
  });
  const listener = await listen(config, { llhttp, tick, handle, meter });
  const onApplied = createOnApplied({ held, pools, meter, moving, mirror });
  const onQuestion = createQuestionAnswerer({ ...parts, held, pins: pins.cached, store: pins.store });
  const syncing = { link, held, file, outbox, state: parts.sync, log, sleep, random, now, tick, onApplied, onQuestion };
  const sync = startSync(syncing);
  const lookAfter = setInterval(createLookAfter({ held, pins, pools, moving, mirror, log }), LOOK_AFTER_MS);

  tellReady(config, { url: listener.url, gateway });
  draining = await untilDraining(config);
  log.info("stopping: letting open answers finish", { inFlight: listener.inFlight() });
  await listener.stop(config.drainMs);
  mirror.stop();
  tickEnd.flush();
  clearInterval(lookAfter);
  await moving.reporter.stop();
  await Promise.all([sync.stop(FLUSH_MS), tracing?.stop(FLUSH_MS)]);
  pools.close();
  await link.close();
  await classifiers.close();
  await close();
}

function tellReady({ serverUrls }: GatewayConfig, at: { readonly url: string; readonly gateway: GatewayId }): void {
  process.stdout.write(`${JSON.stringify({ ready: true, ...at, server: serverUrls.join(",") })}\n`);
}

async function untilDraining({ drainMs }: GatewayConfig): Promise<Draining> {
  await stopSignal();
  return { since: now(), until: now() + drainMs };
}

type Parts = Awaited<ReturnType<typeof createParts>>;

/** What the data path works with and what the pages about it look at. */
async function createParts(
  config: GatewayConfig,
  { gateway, outbox, held, pins, log }: Pick<State, "gateway" | "outbox" | "held" | "pins"> & { log: Log },
) {
  const tickEnd = createTickEnd((run) => void setImmediate(run));
  const llhttp = createLlhttp();
  const link = createServerLink(config.serverUrls, gateway);
  const [strategies, classifiers] = [createStrategyCounter(), createClassifierLink()];
  const recorder = createTurnRecorder({ outbox, log, tickEnd });
  const randomHex = createRandomHex((bytes) => randomFillSync(bytes));
  const mirroring = { gateway, held, llhttp, recorder, randomHex, newId: randomUUID, now, tick, later, log };
  return {
    version,
    now,
    tick,
    log,
    startedAt: now(),
    counts: createPlacementCounts(),
    link,
    moving: createMoving({ gateway, held, pins, outbox, link, now, newId: randomUUID, log }),
    strategies,
    classifiers,
    targeting: createSessionTargeting({
      ask: createAskClassifier({ link: classifiers, tick }),
      counter: strategies,
      random,
    }),
    meter: createMeter(),
    sync: createSyncState(now),
    tracing: await tracingOf(config, { gateway, version, log }),
    tickEnd,
    recorder,
    randomHex,
    mirror: openMirror(mirroring),
    llhttp,
    pools: createUpstreamPools({ llhttp, tick, patienceMs: config.upstreamTimeoutMs }),
    health: createUpstreamHealth(tick),
    limit: createReleaseLimit(config.maxConcurrent),
  };
}

/** OpenTelemetry is loaded only where it is asked for: it takes time and memory. */
async function tracingOf({ tracing }: GatewayConfig, deps: OpenTracingDeps): Promise<Tracing | null> {
  if (tracing === null) return null;
  const { openTracing } = await import("./tracing/open-tracing.ts");
  return openTracing(tracing, deps);
}

type Seen = Omit<StatusDeps & MetricsDeps, "spans"> & Parts & { readonly log: Log };

function openAdmin(config: GatewayConfig, parts: Seen): AdminPages {
  const { tracing } = parts;
  const seen = { ...parts, spans: tracing === null ? null : () => tracing.counts() };
  const metrics = createMetrics(seen);
  const line = lineToParent();
  const own = async (): Promise<Report> => ({
    gateway: seen.gateway,
    metrics: await metrics.text(),
    status: await statusOf(seen),
  });
  return createAdminPages({
    ...seen,
    metrics,
    access: createAdminAccess(readAdminToken(config.adminToken)),
    reports: line === null ? null : createWorkerReports(line, own),
  });
}

type Applied = {
  readonly held: HeldTable;
  readonly pools: Pick<UpstreamPools, "keepOnly">;
  readonly meter: Pick<MeterCounts, "turns">;
  readonly moving: Pick<Moving, "reporter">;
  readonly mirror: Pick<Mirror, "review">;
};

/** What is kept for releases and URLs is kept for those of the table in force. */
function createOnApplied({ held, pools, meter, moving, mirror }: Applied): () => void {
  return () => {
    const index = held.index();
    pools.keepOnly(index?.origins ?? new Set());
    const releases = [...(index?.agents.values() ?? [])].flatMap((agent) => [...agent.releases.keys()]);
    meter.turns.keepOnly(new Set(releases));
    moving.reporter.noteTable();
    mirror.review();
  };
}

type State = {
  readonly gateway: GatewayId;
  readonly pins: Pins;
  readonly secrets: PinSecrets;
  readonly outbox: TurnOutbox;
  readonly held: HeldTable;
  readonly file: TableFile;
  readonly close: () => Promise<void>;
};

/** Everything that outlives the process. */
async function openState({ directory, id, ...config }: GatewayConfig, log: Log): Promise<State> {
  const identity = claimIdentity(directory, id);
  const databaseFile = join(directory, "pins.sqlite");
  const database = openGatewayDatabase(databaseFile);
  const checkpointer = startCheckpointer(databaseFile, (error) =>
    log.warn("the log of the pins is written by requests from here on", { reason: reasonOf(error) }),
  );
  const pins = await openPinStore(config.pins, { database, now, tick, log });
  const file = createTableFile(directory);
  const held = createHeldTable(tick);
  restoreTable(held, file, log);
  return {
    gateway: identity.id,
    pins,
    secrets: readPinSecrets(config.pinSecret, directory),
    outbox: createSqliteTurnOutbox(database, { gateway: identity.id, now }),
    held,
    file,
    async close() {
      await checkpointer.stop();
      await pins.store.close();
      if (database.isOpen) database.close();
      identity.release();
    },
  };
}

function restoreTable(held: HeldTable, file: TableFile, log: Log): void {
  try {
    const json = file.read();
    if (json === null) return;
    held.restore(parseTable(json));
    log.info("routing by the last table on disk until the server answers", { ...held.index()?.table.revision });
  } catch (error) {
    log.warn("the routing table on disk cannot be used; waiting for the server's", { reason: reasonOf(error) });
  }
}

const log = createLog((line) => process.stderr.write(line), now);
try {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.kind === "help") process.stdout.write(USAGE);
  else if (command.config.workers > 1) await superviseWorkers(command.config, process.argv.slice(2), log);
  else {
    letHeapFill();
    await run(command.config, log);
  }
  process.exitCode = 0;
} catch (error) {
  if (error instanceof GatewayError || error instanceof SqliteError) {
    log.error(error.message, { code: error.code, hint: error.hint });
  } else {
    log.error(reasonOf(error), { code: "internal", hint: "this is a fault of the gateway: please report it" });
  }
  process.exit(1);
}
