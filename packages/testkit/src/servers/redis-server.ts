import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";

export type RedisServer = {
  readonly port: number;
  /** `redis://127.0.0.1:PORT/0`, without a password. */
  readonly url: string;
  /** For stopping and continuing it with signals. */
  readonly pid: () => number;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port. It knows nothing of before, unless it keeps data and is not told to forget it. */
  readonly restart: (how?: { readonly forgets: boolean }) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type RedisServerOptions = {
  readonly password?: string;
  /** A cluster of this one machine: it refuses commands whose keys could lie on two. */
  readonly isCluster?: boolean;
  /** Everything it has answered survives the death of its process. */
  readonly keepsData?: boolean;
};

const READY_AFTER_MS = 60_000;

/** Debian's packages `redis-server` or `valkey-server`; null where neither is installed. */
export function findRedisServer(): string | null {
  return findProgram("redis-server", "valkey-server");
}

/** Starts an empty server on a free loopback port, in a directory of its own. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = findRedisServer();
  if (program === null) throw new Error("found no redis-server on the PATH; Debian has it as redis-server");
  const directory = await mkdtemp(join(tmpdir(), "perch-redis-"));
  const port = await freePort();
  const start = async (): Promise<ChildProcess> => await launch(program, { directory, port, ...options });
  let child = await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    pid: () => child.pid ?? 0,
    kill: () => end(child),
    async restart({ forgets } = { forgets: false }) {
      await end(child);
      if (forgets) await rm(join(directory, "appendonlydir"), { recursive: true, force: true });
      child = await start();
    },
    async stop() {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type Launch = RedisServerOptions & { readonly directory: string; readonly port: number };

async function launch(program: string, options: Launch): Promise<ChildProcess> {
  const { directory, port, password = "", isCluster = false, keepsData = false } = options;
  const settings = {
    bind: "127.0.0.1",
    port,
    dir: directory,
    save: "",
    appendonly: keepsData ? "yes" : "no",
    // The operating system keeps what a killed process has written.
    appendfsync: "no",
    requirepass: password,
    "cluster-enabled": isCluster ? "yes" : "no",
    // Another machine's port by default, which may be taken.
    ...(isCluster ? { "cluster-port": await freePort() } : {}),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout?.on("data", (data: Buffer) => (said = `${said}${data.toString()}`.slice(-2_000)));
  const giveUpAt = Date.now() + READY_AFTER_MS;
  while (Date.now() < giveUpAt && child.exitCode === null) {
    if (await answers(port, isCluster ? "CLUSTER ADDSLOTSRANGE 0 16383" : "PING")) return child;
    await sleep(20);
  }
  await end(child);
  throw new Error(`redis-server did not answer on port ${port}: ${said}`);
}

/** An error is an answer too: one that wants a password is ready. */
function answers(port: number, command: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    const settle = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once("data", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
