import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";

export type DockerRegistry = {
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly host: string;
  readonly stop: () => Promise<void>;
};

export type DockerRegistryOptions = {
  /** The `auth` part of its configuration, as JSON, which is YAML too; without it everybody may do everything. */
  readonly auth?: unknown;
};

const READY_AFTER_MS = 10_000;

/** Debian's package `docker-registry`, the Distribution project's registry; null where it is not installed. */
export function findDockerRegistry(): string | null {
  return findProgram("docker-registry");
}

/** Starts a registry with nothing in it on a free loopback port, in a directory of its own. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const program = findDockerRegistry();
  if (program === null) throw new Error("found no docker-registry on the PATH; Debian has it as docker-registry");
  const directory = await mkdtemp(join(tmpdir(), "perch-registry-"));
  const storage = join(directory, "storage");
  await mkdir(storage);
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: host },
    ...(options.auth === undefined ? {} : { auth: options.auth }),
  };
  const file = join(directory, "config.yml");
  await writeFile(file, JSON.stringify(config));
  const child = spawn(program, ["serve", file], { stdio: ["ignore", "ignore", "pipe"] });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(child, `http://${host}/v2/`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, stop };
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let said = "";
  child.stderr?.on("data", (data: Buffer) => (said = `${said}${data.toString()}`.slice(-2_000)));
  const giveUpAt = Date.now() + READY_AFTER_MS;
  while (Date.now() < giveUpAt && child.exitCode === null) {
    // 401 is an answer too: one that wants credentials is ready.
    if (await fetch(url).then(isAnswer, () => false)) return;
    await sleep(50);
  }
  throw new Error(`docker-registry did not answer at ${url}: ${said}`);
}

async function isAnswer(response: Response): Promise<boolean> {
  await response.arrayBuffer();
  return true;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
