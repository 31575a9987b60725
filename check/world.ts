import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startRedisServer, type RedisServer } from "@perch/testkit/servers";
import type { Plan } from "./plan.ts";
import { createProcess, type RunningProcess } from "./processes.ts";
import { startRelay, type Relay, type RelayWatch } from "./relay.ts";
import { makeReleases, type MadeRelease } from "./releases.ts";
import { createControlTraffic, type ControlTraffic } from "./watch-control.ts";

export const AGENT = "support";
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PIN_SECRET = "the-checkers-own-secret-0123456789abcdef";
/** Longer than any run: no pin expires, so every change of release is one too many. */
const IDLE_TIMEOUT = "60m";

export type GatewayUnderTest = {
  readonly id: string;
  readonly url: string;
  readonly data: string;
  readonly process: RunningProcess;
  readonly toServer: Relay;
  /** Null when pins are in a file. */
  readonly toStore: Relay | null;
};

/** All processes of a run, and the ways between them. */
export type World = {
  readonly directory: string;
  readonly serverUrl: string;
  /** The gateways' own databases: their turn records, and the pins unless they are on Redis. */
  readonly databases: readonly string[];
  readonly releases: readonly MadeRelease[];
  readonly agents: { readonly urls: Readonly<Record<string, string>>; readonly process: RunningProcess };
  readonly server: RunningProcess;
  readonly gateways: readonly GatewayUnderTest[];
  readonly redis: RedisServer | null;
  readonly control: ControlTraffic;
  close(): Promise<void>;
};

export type WorldDeps = {
  readonly now: () => number;
  readonly watchStore: (gateway: string) => RelayWatch;
  readonly onGatewayLog: (gateway: string, line: string) => void;
};

/** Starts everything, deploys every release, and waits until every gateway has a table. */
export async function startWorld(plan: Plan, deps: WorldDeps): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "perch-check-"));
  const data = join(directory, "server");
  const releases = await makeReleases(AGENT, { data, count: plan.rollouts.length + 1 });
  const digests = releases.map(({ digest }) => digest);
  const agents = createProcess({ name: "the agents", args: [fileOf("agents.ts"), ...digests] });
  const { urls } = parseReady(await agents.start());
  const serverPort = await freePort();
  const server = createServerProcess(data, serverPort);
  await server.start();
  const redis = plan.store === "redis" ? await startRedisServer({ keepsData: true }) : null;
  const control = createControlTraffic(deps.now);
  const gateways = await Promise.all(
    plan.gateways.map((planned) => createGateway(planned, { directory, serverPort, redis, control, ...deps })),
  );
  await Promise.all(gateways.map((gateway) => gateway.process.start()));
  return {
    directory,
    serverUrl: `http://127.0.0.1:${serverPort}`,
    databases: [...new Set(gateways.map(({ data }) => join(data, "gateway", "pins.sqlite")))],
    releases,
    agents: { urls, process: agents },
    server,
    gateways,
    redis,
    control,
    async close() {
      await Promise.all([...gateways.map(({ process }) => process), server, agents].map((one) => one.kill()));
      await redis?.stop();
      await Promise.all(
        gateways.flatMap(({ toServer, toStore }) => [toServer, toStore ?? []].flat()).map((relay) => relay.close()),
      );
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function createServerProcess(data: string, port: number): RunningProcess {
  const flags = { data, port: String(port), tick: "100", lateness: "100", "idle-timeout": IDLE_TIMEOUT };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  return createProcess({ name: "the server", args: [fileOf("../apps/server/src/main.ts"), ...args] });
}

type Surroundings = WorldDeps & {
  readonly directory: string;
  readonly serverPort: number;
  readonly redis: RedisServer | null;
  readonly control: ControlTraffic;
};

async function createGateway(
  { id, offsetMs, drift }: Plan["gateways"][number],
  { directory, serverPort, redis, control, watchStore, onGatewayLog }: Surroundings,
): Promise<GatewayUnderTest> {
  const toServer = await startRelay(serverPort, control.watch(id));
  const toStore = redis === null ? null : await startRelay(redis.port, watchStore(id));
  const port = await freePort();
  // On one machine they share a directory, and the pins in it; on many they share nothing but Redis.
  const data = join(directory, redis === null ? "gateways" : id);
  const args = ["--id", id, "--data", data, "--port", String(port), "--server", `http://127.0.0.1:${toServer.port}`];
  if (toStore !== null) args.push("--pins", `redis://127.0.0.1:${toStore.port}/0`);
  const process = createProcess({
    name: `gateway ${id}`,
    args: ["--import", fileOf("skewed-clock.ts"), fileOf("../apps/gateway/src/main.ts"), ...args],
    env: { PERCH_CHECK_CLOCK: `${offsetMs},${drift}`, PERCH_PIN_SECRET: PIN_SECRET },
    onLog: (line) => onGatewayLog(id, line),
  });
  return { id, url: `http://127.0.0.1:${port}`, data, process, toServer, toStore };
}

function parseReady(line: Readonly<Record<string, unknown>>): { readonly urls: Readonly<Record<string, string>> } {
  return line as { urls: Record<string, string> };
}
