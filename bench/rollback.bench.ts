// From the decision to roll back until the last of 20 gateways has acknowledged it, while new sessions begin all the time;
// and whether any of them met the canary after that. Gateways are on machines of their own: here as many are whole processes
// with users as `--processes` says, and the others only what a gateway does with a table (gateway-connections.ts), since 20
// processes on a few cores measure how long they wait for each other. Beside it as many HAProxy processes, told by their runtime
// API to give the canary nothing more: they keep no record of the decision, and nobody watches over one that is cut off.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startHaproxyFleet } from "./haproxy-fleet.ts";
import { startNewSessions, type Answered, type NewSessions } from "./new-sessions.ts";
import { pinSelf, startPinned } from "./processes.ts";
import { startGateway, startUpstream } from "./proxies.ts";
import { deploy, startRollbackServer, type Rollback, type RollbackServer } from "./rollback-server.ts";
import { quantile, rounded } from "./timing.ts";

const CONNECTIONS = fileURLToPath(new URL("gateway-connections.ts", import.meta.url));
const SERVER_CORE = 1;
/** With more than one, every second gateway process shares the server's core. */
const CORES = [0, 1];
const OTHER_CORE = 0;
/** Sessions begin at the canary's weight for so long before it is taken back, and are watched for so long after. */
const EXPOSED_MS = 300;
const WATCHED_MS = 300;
const WARM_UP = 5;

export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...flags],
    options: {
      gateways: { type: "string", default: "20" },
      processes: { type: "string", default: "2" },
      rollbacks: { type: "string", default: "100" },
      sessions: { type: "string", default: "100" },
    },
  });
  const scratch = await mkdtemp(join(tmpdir(), "perch-bench-"));
  const closers: (() => Promise<void>)[] = [() => rm(scratch, { recursive: true, force: true })];
  try {
    pinSelf(OTHER_CORE);
    const upstream = await startUpstream(scratch, OTHER_CORE);
    closers.push(() => upstream.nginx.stop());
    const setting = {
      scratch,
      upstream,
      gateways: Number(values.gateways),
      processes: Math.min(Number(values.processes), Number(values.gateways)),
      rollbacks: Number(values.rollbacks),
      sessionsPerSecond: Number(values.sessions),
    };
    const perch = await ofPerch(setting);
    const haproxy = await ofHaproxy(setting);
    const { gateways, processes, rollbacks, sessionsPerSecond } = setting;
    return { bench: "rollback", gateways, processes, rollbacks, sessionsPerSecond, ...perch, haproxy };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

type Figures = Readonly<Record<string, number>>;

type Setting = {
  readonly scratch: string;
  readonly upstream: { readonly url: string; readonly port: number };
  readonly gateways: number;
  /** So many of the gateways are whole processes. */
  readonly processes: number;
  readonly rollbacks: number;
  readonly sessionsPerSecond: number;
};

async function ofPerch({ scratch, upstream, ...setting }: Setting): Promise<Figures> {
  const data = join(scratch, "server");
  const server = await startRollbackServer(data, SERVER_CORE);
  const started = [server.process];
  try {
    await deploy(server.url, upstream.url);
    const urls: string[] = [];
    for (let index = 0; index < setting.processes; index += 1) {
      const options = { core: CORES[index % CORES.length] ?? 0, control: server, agent: "bench" };
      const gateway = await startGateway(join(scratch, `gateway-${index}`), options);
      started.push(gateway.process);
      urls.push(gateway.url);
    }
    const others = String(setting.gateways - setting.processes);
    const connecting = [process.execPath, CONNECTIONS, server.url, join(scratch, "connections"), others];
    started.push(startPinned(connecting, { core: OTHER_CORE }));
    await server.untilSynced(setting.gateways);
    const sessions = startNewSessions(urls, setting.sessionsPerSecond);
    // Not counted: every compiler gets its profile.
    await rollBackOften(server, WARM_UP);
    const rolledBack = await rollBackOften(server, setting.rollbacks);
    await sessions.stop();
    return summary(rolledBack, sessions, setting.gateways);
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

async function rollBackOften(server: RollbackServer, times: number): Promise<Rollback[]> {
  const rolledBack: Rollback[] = [];
  for (let count = 0; count < times; count += 1) {
    const rollout = await server.begin();
    await delay(EXPOSED_MS);
    rolledBack.push(await server.rollBack(rollout));
    await delay(WATCHED_MS);
  }
  return rolledBack;
}

function summary(rolledBack: readonly Rollback[], sessions: NewSessions, gateways: number): Figures {
  const lastAcks = new Map(rolledBack.map(({ rollout, lastAckAt }) => [rollout, lastAckAt]));
  const canaries = sessions.answers.map(pinOf).filter(({ arm }) => arm === "canary");
  const leaked = canaries.filter(({ rollout, assignedAt }) => assignedAt > (lastAcks.get(rollout) ?? Infinity));
  return {
    ...timesOf(rolledBack.map(({ decidedAt, lastAckAt }) => lastAckAt - decidedAt)),
    leaked: leaked.length,
    canarySessions: canaries.length,
    newSessions: sessions.answers.length,
    failedRequests: sessions.failures(),
    /** Rollbacks that were complete only because a lease ran out. */
    withoutAllAcknowledgements: rolledBack.filter(({ acknowledged }) => acknowledged !== gateways).length,
  };
}

/** The gateway gives each session its pin, signed; what is in it can be read. */
function pinOf({ headers }: Answered): { arm: unknown; rollout: string; assignedAt: number } {
  const [, payload = ""] = String(headers["x-perch-pin"]).split(".");
  const fields: unknown[] = JSON.parse(Buffer.from(payload, "base64url").toString());
  return { arm: fields[2], rollout: String(fields[3]), assignedAt: Number(fields[10]) };
}

async function ofHaproxy({ scratch, upstream, ...setting }: Setting): Promise<Figures> {
  const options = { count: setting.gateways, cores: CORES, upstreamPort: upstream.port };
  const fleet = await startHaproxyFleet(scratch, options);
  try {
    const sessions = startNewSessions(fleet.urls, setting.sessionsPerSecond);
    const times: number[] = [];
    const closed: { from: number; to: number }[] = [];
    for (let count = 0; count < setting.rollbacks; count += 1) {
      await fleet.setCanaryWeight(50);
      await delay(EXPOSED_MS);
      const decidedAt = performance.now();
      await fleet.setCanaryWeight(0);
      times.push(performance.now() - decidedAt);
      const from = Date.now();
      await delay(WATCHED_MS);
      closed.push({ from, to: Date.now() });
    }
    await sessions.stop();
    const canaries = sessions.answers.filter(({ headers }) => headers["x-arm"] === "canary");
    // Those that were sent shortly before the weight came back may have met it.
    const leaked = canaries.filter(({ sentAt }) => closed.some(({ from, to }) => sentAt > from && sentAt < to - 100));
    const counts = { canarySessions: canaries.length, newSessions: sessions.answers.length };
    return { ...timesOf(times), leaked: leaked.length, ...counts, failedRequests: sessions.failures() };
  } finally {
    await fleet.stop();
  }
}

function timesOf(times: readonly number[]): Record<"p50Ms" | "p99Ms" | "maxMs", number> {
  return {
    p50Ms: rounded(quantile(times, 0.5)),
    p99Ms: rounded(quantile(times, 0.99)),
    maxMs: rounded(Math.max(...times)),
  };
}
