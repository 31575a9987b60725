import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference, type BuiltRelease } from "@perch/domain";
import { freePort } from "@perch/testkit/servers";
import { expect } from "vitest";
import { mainOf } from "../up/start-perch.ts";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));
export const ROLLOUT = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  strategy: { type: session, seed: fixed }
  steps: [ { setWeight: 40, pause: { duration: 1h } } ]
  analysis:
    gates: [ { name: error-rate, kind: proportion } ]
  rollback: { propagation: { deadline: 20s, lease: 3s } }
`;

export type Running = { readonly child: ChildProcess; readonly url: string };
export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** A real server with two releases of `support` deployed, an agent that answers for both, and whatever gateways are started. */
export type LiveSystem = {
  readonly scratch: string;
  /** Of the server. */
  readonly url: string;
  killServer(): Promise<void>;
  startServer(): Promise<void>;
  /** With a data directory of its own, as on another machine. */
  startGateway(name: string, ...flags: string[]): Promise<Running>;
  turn(gateway: Running, session: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  read(path: string): Promise<unknown>;
  post(path: string, body: string): Promise<void>;
  perch(...args: string[]): Promise<Ran>;
  stop(): Promise<void>;
};

/** `releases`: of the agent `support`. */
export async function startLiveSystem(
  releases: readonly BuiltRelease[],
  ...serverFlags: string[]
): Promise<LiveSystem> {
  const scratch = mkdtempSync(join(tmpdir(), "perch-people-"));
  await pushReleases(scratch, releases);
  const agent = await startAgent();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const children: ChildProcess[] = [];
  let server: Running | null = null;

  const launch = async (args: readonly string[]): Promise<Running> => {
    const running = await start(args);
    children.push(running.child);
    return running;
  };
  const system: LiveSystem = {
    scratch,
    url,
    killServer: () => (server === null ? Promise.resolve() : end(server.child)),
    async startServer() {
      const flags = ["--port", String(port), "--tick", "100", "--lateness", "200", ...serverFlags];
      server = await launch([mainOf("server"), "--data", scratch, ...flags]);
    },
    async startGateway(name, ...flags) {
      const own = ["--data", join(scratch, name), "--id", name, "--server", url, "--port", "0"];
      const gateway = await launch([mainOf("gateway"), ...own, ...flags]);
      await until(
        async () => (await call(`${gateway.url}/-/status`)).includes('"revision":{'),
        (hasTable) => hasTable,
      );
      return gateway;
    },
    turn,
    read: async (path) => JSON.parse(await call(url + path)) as unknown,
    async post(path, body) {
      const answer = await fetch(url + path, { method: "POST", body });
      if (!answer.ok) throw new Error(await answer.text());
    },
    perch: (...args) => perch(scratch, url, args),
    async stop() {
      await Promise.all(children.map(end));
      agent.server.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  await system.startServer();
  await deploy(system, releases, agent.url);
  return system;
}

async function deploy(system: LiveSystem, releases: readonly BuiltRelease[], agentUrl: string): Promise<void> {
  for (const { manifest } of releases) {
    const deployment = { release: `support@${manifest.version}`, url: `${agentUrl}/${manifest.version}` };
    await system.post("/v1/deployments", JSON.stringify(deployment));
  }
}

/** Its answers name the session by another id, and end the session where the request asks for that (`x-end`). */
async function startAgent(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    const session = String(request.headers["x-session-id"] ?? "");
    if (request.headers["x-end"] !== undefined) response.setHeader("x-perch-session-end", "1");
    response.setHeader("content-type", "application/json").end(JSON.stringify({ id: `resp_of_${session}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}` };
}

async function pushReleases(scratch: string, releases: readonly BuiltRelease[]): Promise<void> {
  const registry = createDirectoryRegistry(join(scratch, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(scratch, "trust"));
  writeFileSync(join(scratch, "trust", "test.pub"), publicPem);
  for (const release of releases) {
    await storeRelease(registry, release);
    const reference = parseReleaseReference(`support@${release.manifest.version}`);
    await signRelease(registry, reference, { key: parseSigningKey(privatePem, "the test"), now: new Date(0) });
  }
}

async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  return await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(log)));
    createInterface({ input: child.stdout }).once("line", (line) =>
      resolve({ child, url: (JSON.parse(line) as { url: string }).url }),
    );
  });
}

export function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

async function call(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

/** One turn of a session; tells the release that answered. */
async function turn(
  { url }: Running,
  session: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await fetch(`${url}/support/chat`, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json", connection: "close", "x-session-id": session, ...headers },
  });
  expect(answer.status, await answer.text()).toBe(200);
  return answer.headers.get("x-perch-release") ?? "";
}

function perch(cwd: string, server: string, args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: "1", PERCH_SERVER: server };
  const child = spawn(process.execPath, [PERCH, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

/** Does something again and again until it is told to stop, such as a session that goes on so that its pin does not run out. */
export function keepOn(act: () => Promise<unknown>): { stop(): Promise<void> } {
  const end = new AbortController();
  const ended = (async () => {
    while (!end.signal.aborted) {
      await act();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    async stop() {
      end.abort();
      await ended;
    },
  };
}

/** Waits until something holds, or fails with what was last seen. */
export async function until<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain; last seen: ${JSON.stringify(seen)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
