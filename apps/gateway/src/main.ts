import { randomFillSync, randomUUID } from "node:crypto";
import { join } from "node:path";
import { createSqliteTurnOutbox, openGatewayDatabase, SqliteError, startCheckpointer } from "@perch/adapters/sqlite";
import type { GatewayId, PinSecrets, TurnOutbox } from "@perch/domain";
import { createAdminPages } from "./admin/admin-pages.ts";
import { createAskClassifier } from "./classify/ask-classifier.ts";
import { createClassifierLink } from "./classify/classifier-link.ts";
import { createSessionTargeting } from "./classify/session-targeting.ts";
import { createStrategyCounter } from "./classify/strategy-counts.ts";
import { claimIdentity } from "./config/claim-identity.ts";
import { parseCommand, USAGE, type GatewayConfig } from "./config/parse-config.ts";
import { readPinSecrets } from "./config/read-pin-secrets.ts";
import { GatewayError } from "./gateway-error.ts";
import { createLog, reasonOf, type Log } from "@perch/adapters/json-log";
import { createLlhttp, type Llhttp } from "./http1/llhttp.ts";
import { createMirror, type Mirror, type MirrorDeps } from "./mirror/create-mirror.ts";
import { MIRROR_LIMITS } from "./mirror/mirror-budget.ts";
import { openPinStore, type Pins } from "./pins/open-pin-store.ts";
import { createRequestHandler } from "./proxy/handle-request.ts";
import { listen } from "./proxy/listen.ts";
import { createRandomHex } from "./proxy/random-hex.ts";
import { createReleaseLimit } from "./proxy/release-limit.ts";
import { createTickEnd } from "./proxy/tick-end.ts";
import { createUpstreamHealth } from "./proxy/upstream-health.ts";
import { createUpstreamPools, type UpstreamPools } from "./proxy/upstream-pools.ts";
import { createPlacementCounts } from "./session/placement-counts.ts";
import { sleep } from "./sync/backoff.ts";
import { createServerLink } from "./sync/server-link.ts";
import { startSync } from "./sync/start-sync.ts";
import { createHeldTable, type HeldTable } from "./table/held-table.ts";
import { parseTable } from "./table/parse-table.ts";
import { createTableFile, type TableFile } from "./table/table-file.ts";
import { createTurnRecorder, type TurnRecorder } from "./turns/turn-recorder.ts";
import { stopSignal } from "./workers/stop-signal.ts";
import { superviseWorkers } from "./workers/supervise-workers.ts";

const FLUSH_MS = 2000;
const LOOK_AFTER_MS = 1000;
const FORGET_AT_ONCE = 1000;
/** Shadows have a time limit of their own, for each turn as a whole. */
const LONGEST_PATIENCE_MS = 3_600_000;

const now = (): number => Date.now();
const tick = (): number => performance.now();
const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
const random = (): number => Math.random();

async function run(config: GatewayConfig, log: Log): Promise<void> {
  const { gateway, pins, secrets, outbox, held, file, close } = await openState(config, log);
  const counts = createPlacementCounts();
  const tickEnd = createTickEnd((run) => void setImmediate(run));
  const recorder = createTurnRecorder({ outbox, log, tickEnd });
  const llhttp = createLlhttp();
  const pools = createUpstreamPools({ llhttp, tick, patienceMs: config.upstreamTimeoutMs });
  const randomHex = createRandomHex((bytes) => randomFillSync(bytes));
  const mirror = createMirrorOf({ gateway, held, recorder, randomHex, log }, llhttp);
  const strategies = createStrategyCounter();
  const classifiers = createClassifierLink();
  const ask = createAskClassifier({ link: classifiers, tick });
  const pages = { gateway, startedAt: now(), held, pins, counts, strategies, outbox, recorder, mirror, log };
  const pinning = { gateway, held, pins: pins.cached, secrets, counts };
  const handle = createRequestHandler({
    ...pinning,
    targeting: createSessionTargeting({ ask, counter: strategies, random }),
    pools,
    tickEnd,
    health: createUpstreamHealth(tick),
    limit: createReleaseLimit(config.maxConcurrent),
    maxConcurrent: config.maxConcurrent,
    admin: createAdminPages({ ...pages, inFlight: () => listener.inFlight() }),
    log,
    now,
    tick,
    record: (turn, onKept) => recorder.record(turn, onKept),
    newId: randomUUID,
    randomHex,
    mirror,
    upstreamTimeoutMs: config.upstreamTimeoutMs,
  });
  const listener = await listen(config, { llhttp, tick, handle });
  const onApplied = (): void => followTable({ held, pools, mirror });
  const link = createServerLink(config.serverUrl, gateway);
  const sync = startSync({ link, held, file, outbox, log, sleep, random, now, onApplied });
  const lookAfter = setInterval(createLookAfter({ held, pins, pools, mirror, log }), LOOK_AFTER_MS);

  process.stdout.write(`${JSON.stringify({ ready: true, url: listener.url, gateway, server: config.serverUrl })}\n`);
  await stopSignal();
  log.info("stopping: letting open answers finish", { inFlight: listener.inFlight() });
  await listener.stop(config.drainMs);
  mirror.stop();
  tickEnd.flush();
  clearInterval(lookAfter);
  await sync.stop(FLUSH_MS);
  pools.close();
  await link.close();
  await classifiers.close();
  await close();
}

type FollowsTable = Pick<LookedAfter, "held" | "mirror"> & { readonly pools: Pick<UpstreamPools, "keepOnly"> };

function followTable({ held, pools, mirror }: FollowsTable): void {
  pools.keepOnly(held.index()?.origins ?? new Set());
  mirror.review();
}

type MirrorOf = Pick<MirrorDeps, "gateway" | "held" | "randomHex" | "log"> & { readonly recorder: TurnRecorder };

/** Its connections are its own: no user waits for one behind a shadow. */
function createMirrorOf({ recorder, ...deps }: MirrorOf, llhttp: Llhttp): Mirror {
  return createMirror({
    ...deps,
    pools: createUpstreamPools({ llhttp, tick, patienceMs: LONGEST_PATIENCE_MS }),
    record: (turn) => recorder.record(turn),
    newId: randomUUID,
    now,
    tick,
    later,
    defer: (run) => void setImmediate(run),
    limits: MIRROR_LIMITS,
  });
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
  const pins = await openPinStore(config.pins, { database, now, log });
  const file = createTableFile(directory);
  const held = createHeldTable(tick);
  await restoreTable(held, file, log);
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

async function restoreTable(held: HeldTable, file: TableFile, log: Log): Promise<void> {
  try {
    const json = await file.read();
    if (json === null) return;
    held.restore(parseTable(json));
    log.info("routing by the last table on disk until the server answers", { ...held.index()?.table.revision });
  } catch (error) {
    log.warn("the routing table on disk cannot be used; waiting for the server's", { reason: reasonOf(error) });
  }
}

type LookedAfter = {
  readonly held: HeldTable;
  readonly pins: Pins;
  readonly pools: Pick<UpstreamPools, "sweep">;
  readonly mirror: Pick<Mirror, "review">;
  readonly log: Log;
};

/** What is looked after once a second: whether the lease ran out, old connections, expired pins, and pins not yet written. */
function createLookAfter({ held, pins, pools, mirror, log }: LookedAfter): () => void {
  let wasFenced: boolean | null = null;
  return () => {
    const isFenced = held.isFenced();
    if (isFenced !== wasFenced) {
      if (isFenced) log.warn("no lease from the server: new sessions go to the baseline only");
      else log.info("the server's lease is valid: new sessions are assigned by weight");
    }
    wasFenced = isFenced;
    pools.sweep();
    mirror.review();
    void pins.cached.catchUp();
    pins.store
      .forgetExpired(FORGET_AT_ONCE)
      .catch((error: unknown) => log.warn("expired pins cannot be deleted", { reason: reasonOf(error) }));
  };
}

const log = createLog((line) => process.stderr.write(line), now);
try {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.kind === "help") process.stdout.write(USAGE);
  else if (command.config.workers > 1) await superviseWorkers(command.config, process.argv.slice(2), log);
  else await run(command.config, log);
  process.exitCode = 0;
} catch (error) {
  if (error instanceof GatewayError || error instanceof SqliteError) {
    log.error(error.message, { code: error.code, hint: error.hint });
  } else {
    log.error(reasonOf(error), { code: "internal", hint: "this is a fault of the gateway: please report it" });
  }
  process.exit(1);
}
