// The gateway's pinned split on one core, beside nginx (`split_clients`) and HAProxy (stick table) in the same run. Both tell
// agents and clients as much as the gateway does, and nginx writes a line for each request where the gateway keeps a record;
// `bareNginx` only splits and passes on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startControlServer } from "./control-server.ts";
import { load, SESSIONS, type LoadFigures } from "./load.ts";
import { cpuSeconds, pinSelf, programFor } from "./processes.ts";
import {
  startGateway,
  startSplittingHaproxy,
  startSplittingNginx,
  startUpstream,
  tableOf,
  type Proxy,
} from "./proxies.ts";
import { median, rounded } from "./timing.ts";

const MEASURED_CORE = 0;
const OTHER_CORE = 1;
const CONNECTIONS = 64;

type Measured = LoadFigures & { readonly cpuSeconds: number };
type Name = "gateway" | "nginx" | "haproxy" | "bareNginx";
const NAMES: readonly Name[] = ["gateway", "nginx", "haproxy", "bareNginx"];

/** Rounds are interleaved, so that what else the machine does meets all three alike; figures are medians. */
export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...flags],
    options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "4" } },
  });
  const scratch = await mkdtemp(join(tmpdir(), "perch-bench-"));
  const closers: (() => Promise<void>)[] = [() => rm(scratch, { recursive: true, force: true })];
  try {
    pinSelf(OTHER_CORE);
    const upstream = await startUpstream(scratch, OTHER_CORE);
    closers.push(() => upstream.nginx.stop());
    const control = await startControlServer();
    closers.push(() => control.close());
    const split = { core: MEASURED_CORE, upstreamPort: upstream.port };
    const proxies = {
      gateway: await startGateway(scratch, { core: MEASURED_CORE, control }),
      nginx: await startSplittingNginx(scratch, { ...split, isBare: false }),
      haproxy: await startSplittingHaproxy(scratch, MEASURED_CORE, upstream.port),
      bareNginx: await startSplittingNginx(scratch, { ...split, isBare: true }),
    };
    closers.push(async () => void (await Promise.all(NAMES.map((name) => proxies[name].process.stop()))));
    await control.publish(tableOf(1, upstream.url, 500));
    const wrk = programFor("wrk");
    const common = { wrk, core: OTHER_CORE, connections: CONNECTIONS, scratch, seconds: Number(values.seconds) };
    return await measure(proxies, `${upstream.url}/support/chat`, { common, rounds: Number(values.rounds) });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

type Setting = {
  readonly common: Omit<Parameters<typeof load>[0], "url" | "requestsPerSecond">;
  readonly rounds: number;
};

async function measure(proxies: Record<Name, Proxy>, upstreamUrl: string, setting: Setting): Promise<unknown> {
  const { common, rounds } = setting;
  const full: Record<Name, Measured[]> = { gateway: [], nginx: [], haproxy: [], bareNginx: [] };
  // Not counted: every session gets its pin, and every compiler its profile.
  for (const name of NAMES) await warmUp({ ...common, url: proxies[name].url, requestsPerSecond: null });
  for (let round = 0; round < rounds; round += 1) {
    for (const name of NAMES) {
      full[name].push(await observed(proxies[name], { ...common, requestsPerSecond: null }));
    }
  }
  const rate = median(full.gateway.map((one) => one.requestsPerSecond)) / 2;
  const paced: Record<Name | "direct", LoadFigures[]> = {
    gateway: [],
    nginx: [],
    haproxy: [],
    bareNginx: [],
    direct: [],
  };
  for (let round = 0; round < Math.ceil(rounds / 2); round += 1) {
    for (const name of [...NAMES, "direct"] as const) {
      const url = name === "direct" ? upstreamUrl : proxies[name].url;
      paced[name].push(await load({ ...common, url, requestsPerSecond: rate }));
    }
  }
  return summary(full, paced, rounds);
}

async function warmUp(options: Parameters<typeof load>[0]): Promise<void> {
  for (let requests = 0; requests < 2 * SESSIONS;) requests += (await load(options)).requests;
}

async function observed(proxy: Proxy, options: Omit<Parameters<typeof load>[0], "url">): Promise<Measured> {
  const before = cpuSeconds(proxy.process.pid);
  const figures = await load({ ...options, url: proxy.url });
  return { ...figures, cpuSeconds: cpuSeconds(proxy.process.pid) - before };
}

function summary(
  full: Record<Name, readonly Measured[]>,
  paced: Record<Name | "direct", readonly LoadFigures[]>,
  rounds: number,
): unknown {
  // Round by round: both were measured within seconds of each other.
  const ratioTo = (peer: Name): number =>
    rounded(
      median(full.gateway.map((one, round) => one.requestsPerSecond / (full[peer][round]?.requestsPerSecond ?? NaN))),
      3,
    );
  const added = (name: Name, figure: "p50Ms" | "p99Ms"): number =>
    rounded(median(paced[name].map((one) => one[figure])) - median(paced.direct.map((one) => one[figure])), 3);
  const addedOf = (name: Name): unknown => ({ p50: added(name, "p50Ms"), p99: added(name, "p99Ms") });
  return {
    bench: "gateway",
    rounds,
    connections: CONNECTIONS,
    gateway: medians(full.gateway),
    nginx: medians(full.nginx),
    haproxy: medians(full.haproxy),
    bareNginx: medians(full.bareNginx),
    ratioToNginx: ratioTo("nginx"),
    ratioToHaproxy: ratioTo("haproxy"),
    ratioToBareNginx: ratioTo("bareNginx"),
    halfLoadRequestsPerSecond: rounded(median(paced.gateway.map((one) => one.requestsPerSecond)), 0),
    addedLatencyMs: { gateway: addedOf("gateway"), nginx: addedOf("nginx"), haproxy: addedOf("haproxy") },
  };
}

function medians(rounds: readonly Measured[]): Record<string, number> {
  const middle = (figure: (one: Measured) => number, digits: number): number =>
    rounded(median(rounds.map(figure)), digits);
  return {
    requestsPerSecond: middle((one) => one.requestsPerSecond, 0),
    p50Ms: middle((one) => one.p50Ms, 2),
    p99Ms: middle((one) => one.p99Ms, 2),
    cpuSeconds: middle((one) => one.cpuSeconds, 2),
    cpuMicrosPerRequest: middle((one) => (one.cpuSeconds * 1e6) / one.requests, 1),
  };
}
