import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openChdbTraceStore } from "@perch/adapters/clickhouse";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { rolloutViewSchema } from "@perch/api";
import { parseAgentName, parseReleaseReference, parseSessionId, type SessionEvidence } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { startHttpServer } from "@perch/testkit/servers";

export const BASELINE = "2.3.0";
export const SHADOW = "2.3.1";

const ROLLOUT = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: shadow }
spec:
  agent: support
  release: ${SHADOW}
  strategy: { type: shadow }
  steps: [ { setMirrorRoute: { percentage: 100, sideEffects: block, timeout: 10s }, pause: { duration: 1h } } ]
`;

const STOPS_WITHIN_MS = 60_000;

/** A real server and a real gateway, and an agent of two releases that is started twice; everything is mirrored. */
export type Stage = {
  readonly agentUrl: string;
  /** All OTLP that came, of spans and logs, as text. */
  posted(): string;
  /** What the server knows of a session; everything is stopped for that. */
  evidenceOf(session: string): Promise<SessionEvidence | undefined>;
  clear(): Promise<void>;
};

export type AgentProgram = {
  readonly main: string;
  readonly env?: Readonly<Record<string, string>>;
};

export async function setStage({ main, env = {} }: AgentProgram): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "perch-sdk-"));
  await pushReleases(data);
  const server = await start(appMain("server"), ["--data", data, "--port", "0", "--tick", "50"]);
  const bodies: string[] = [];
  // In front of the server, to see what agents send.
  const otlp = await startHttpServer(async ({ path, headers, body }, response) => {
    bodies.push(body.toString("latin1"));
    const type = headers["content-type"] ?? "";
    const answer = await fetch(server.url + path, {
      method: "POST",
      headers: { "content-type": type },
      body: new Uint8Array(body),
    });
    response.writeHead(answer.status, { "content-type": type }).end(Buffer.from(await answer.arrayBuffer()));
  });
  const agents: Started[] = [];
  for (const version of [BASELINE, SHADOW]) {
    const agent = await startAgent({ main, env: { ...env, PERCH_VERSION: version } }, `http://${otlp.host}`);
    agents.push(agent);
    await post(server, "/v1/deployments", JSON.stringify({ release: `support@${version}`, url: agent.url }));
  }
  const gateway = await start(appMain("gateway"), ["--data", data, "--port", "0", "--server", server.url]);
  await post(server, "/v1/rollouts", ROLLOUT);
  await until("the gateway to mirror", async () => {
    const view: unknown = await (await fetch(`${server.url}/v1/rollouts/shadow`)).json();
    // A session that begins before the gateway has the mirror is never mirrored.
    const { phase, propagation } = rolloutViewSchema.parse(view);
    return phase === "Shadowing" && propagation?.gateways.some(({ ackedAt }) => ackedAt !== null) === true;
  });
  return {
    agentUrl: `${gateway.url}/support`,
    posted: () => bodies.join("\n"),
    async evidenceOf(session) {
      // Agents first: they send what is waiting.
      for (const started of [...agents, gateway, server]) await started.stop();
      const { store, close } = await openChdbTraceStore({ directory: join(data, "server", "chdb") });
      const key = { agent: parseAgentName("support"), session: parseSessionId(session) };
      const [evidence] = await store.evidenceOf([key]);
      await close();
      return evidence;
    },
    async clear() {
      for (const started of [gateway, ...agents, server]) await started.stop();
      await otlp.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export type Started = { readonly url: string; stop(): Promise<void> };

/** Nothing of the agent's program says that it is traced. */
export async function startAgent({ main, env = {} }: AgentProgram, otlp: string): Promise<Started> {
  const register = import.meta.resolve("@perch/sdk/register");
  const traced = {
    NODE_OPTIONS: `--import ${register}`,
    PERCH_AGENT: "support",
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    PORT: "0",
  };
  return await start(main, [], { ...traced, ...env });
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await delay(50);
  }
}

async function start(main: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4000)));
  const line = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(words)));
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  const ready: unknown = JSON.parse(line);
  const url = typeof ready === "object" && ready !== null && "url" in ready ? String(ready.url) : "";
  return { url, stop: () => end(child, () => `${main} does not stop: ${words}`) };
}

async function end(child: ChildProcess, complaint: () => string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  child.kill("SIGTERM");
  if (await Promise.race([ended, delay(STOPS_WITHIN_MS, false, { ref: false })])) return;
  child.kill("SIGKILL");
  await ended;
  throw new Error(complaint());
}

function appMain(app: "server" | "gateway"): string {
  return fileURLToPath(new URL(`../../../../apps/${app}/src/main.ts`, import.meta.url));
}

async function pushReleases(data: string): Promise<void> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  const key = parseSigningKey(privatePem, "the test");
  for (const version of [BASELINE, SHADOW]) {
    await storeRelease(registry, aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
    await signRelease(registry, parseReleaseReference(`support@${version}`), { key, now: new Date(0) });
  }
}

async function post({ url }: Started, path: string, body: string): Promise<void> {
  const answer = await fetch(url + path, { method: "POST", body, headers: { "content-type": "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}
