import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { startServerProcess } from "./server-process.ts";

export type DockerRegistry = {
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly host: string;
  readonly stop: () => Promise<void>;
};

export type DockerRegistryOptions = {
  /** The `auth` part of its configuration, as JSON, which is YAML too; without it everybody may do everything. */
  readonly auth?: unknown;
};

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
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const end = await startServerProcess({ program, args: ["serve", file], url: `http://${host}/v2/` });
    return { host, stop: () => end().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
