import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";

export type ClickHouseHttp = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Ends it at once, as a crash would; what it has answered is on disk. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port with the same data. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const SCRIPT = fileURLToPath(new URL("chdb-http-process.ts", import.meta.url));

/**
 * An endpoint that speaks ClickHouse's HTTP protocol as far as its official client uses it, in a process of its own. The engine
 * behind it is chDB's, which is ClickHouse's, since no package registry has the server itself. For tests only.
 */
export async function startClickHouseHttp(): Promise<ClickHouseHttp> {
  const directory = await mkdtemp(join(tmpdir(), "perch-clickhouse-"));
  const credentials = { username: "perch", password: "it's a secret" };
  let running = await launch(directory, await freePort(), credentials);
  const { port } = running;
  return {
    url: `http://127.0.0.1:${port}`,
    ...credentials,
    kill: () => running.end(),
    async restart() {
      await running.end();
      running = await launch(directory, port, credentials);
    },
    async stop() {
      await running.end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(
  directory: string,
  port: number,
  { username, password }: { username: string; password: string },
): Promise<{ port: number; end: () => Promise<void> }> {
  const child = spawn(process.execPath, [SCRIPT, directory, String(port), username, password], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  const said = once(createInterface({ input: child.stdout }), "line").then(([line]) => Number(line));
  const ready = await Promise.race([said, gone.then(() => null)]);
  if (ready === null) throw new Error("the ClickHouse endpoint ended before it was ready");
  return { port: ready, end };
}
