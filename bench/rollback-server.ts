// A real server with two signed releases, and the way to begin and to undo a rollout between them.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPinned, type Pinned } from "./processes.ts";
import { timeCommand } from "./timing.ts";

const PERCH = fileURLToPath(import.meta.resolve("@perch/cli/package.json").replace("package.json", "bin/perch.js"));
const SERVER = fileURLToPath(import.meta.resolve("@perch/server/main"));
const VERSIONS = ["1.0.0", "1.0.1"];
const WEIGHT_PERCENT = 50;
/** Each look is a query of the server's store. */
const LOOK_EVERY_MS = 100;
/** A rollback is left alone for so long. */
const UNWATCHED_MS = 300;

/** Times are the server's own, in epoch milliseconds. */
export type Rollback = {
  readonly rollout: string;
  readonly decidedAt: number;
  readonly lastAckAt: number;
  readonly acknowledged: number;
};

export type RollbackServer = {
  readonly url: string;
  readonly process: Pinned;
  /** Resolves when so many gateways have the present table. */
  untilSynced(gateways: number): Promise<void>;
  /** Resolves when every gateway gives its share of new sessions to the canary. */
  begin(): Promise<string>;
  rollBack(rollout: string): Promise<Rollback>;
};

export async function startRollbackServer(data: string, core: number): Promise<RollbackServer> {
  await makeReleases(data);
  const command = [process.execPath, SERVER, "--data", data, "--port", "0"];
  const server = startPinned(command, { core });
  const url = await firstUrl(server);
  return {
    url,
    process: server,
    async untilSynced(gateways) {
      for (let synced = 0; synced < gateways; await delay(LOOK_EVERY_MS)) {
        const known: { sync: string }[] = JSON.parse(await (await fetch(`${url}/v1/gateways`)).text());
        synced = known.filter(({ sync }) => sync === "Synced").length;
      }
    },
    async begin() {
      const { id } = await post(`${url}/v1/rollouts?force=bench`, ROLLOUT);
      await untilPhase(url, id, "Baking");
      return id;
    },
    async rollBack(rollout) {
      await post(`${url}/v1/rollouts/${rollout}/rollback`, { actor: "bench", reason: "bench" });
      // What is asked is on record: a look now would take the processor from what is measured.
      await delay(UNWATCHED_MS);
      const { propagation } = await untilPhase(url, rollout, "RolledBack");
      const acks: (number | null)[] = propagation.gateways.map((one: { ackedAt: number | null }) => one.ackedAt);
      const acknowledged = acks.filter((at) => at !== null).length;
      return { rollout, decidedAt: propagation.decidedAt, lastAckAt: propagation.lastAckAt, acknowledged };
    },
  };
}

export async function deploy(url: string, agentUrl: string): Promise<void> {
  // One release at each URL.
  for (const version of VERSIONS) {
    await post(`${url}/v1/deployments`, { release: `bench@${version}`, url: `${agentUrl}/${version}` });
  }
}

/** It waits at its weight for as long as it is let. */
const ROLLOUT = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: bench }
spec:
  agent: bench
  release: 1.0.1
  steps:
    - { setWeight: ${WEIGHT_PERCENT}, pause: { duration: 10h } }
    - { setWeight: 60 }
  analysis:
    interval: 5m
    gates:
      - { name: error-rate, kind: proportion }
`;

async function makeReleases(data: string): Promise<void> {
  const perch = (...args: string[]): Promise<number> =>
    timeCommand({ program: process.execPath, args: [PERCH, ...args], cwd: data });
  await mkdir(join(data, "trust"), { recursive: true });
  await perch("key", "generate", "--out", "keys/");
  await writeFile(join(data, "trust", "bench.pub"), await publicKey(data));
  for (const version of VERSIONS) {
    const directory = join(data, "agents", version);
    await writeAgent(directory, version);
    await perch("release", "build", directory, "--data", data);
    await perch("release", "sign", `bench@${version}`, "--key", "keys/perch.key", "--data", data);
  }
}

async function publicKey(data: string): Promise<string> {
  return await readFile(join(data, "keys", "perch.pub"), "utf8");
}

async function writeAgent(directory: string, version: string): Promise<void> {
  const spec = {
    model: { provider: "openai", name: "small-1" },
    prompts: [{ name: "system", role: "system", file: "system.md" }],
    tools: [],
    orchestration: { directory: "app", entrypoint: "main.mjs", framework: { name: "none", version: "1" } },
    policy: { escalationTools: [], successTools: [] },
  };
  // JSON is YAML.
  const agent = { apiVersion: "perch.dev/v1", kind: "Agent", metadata: { name: "bench", version }, spec };
  const files = { "agent.yaml": JSON.stringify(agent), "system.md": version, "app/main.mjs": "" };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

async function untilPhase(url: string, id: string, phase: string) {
  for (const deadline = Date.now() + 60_000; ;) {
    const rollout = JSON.parse(await (await fetch(`${url}/v1/rollouts/${id}`)).text());
    if (rollout.phase === phase) return rollout;
    if (Date.now() > deadline) throw new Error(`found ${id} ${rollout.phase} (${rollout.reason}), expected ${phase}`);
    await delay(LOOK_EVERY_MS);
  }
}

async function post(url: string, body: object | string) {
  const isText = typeof body === "string";
  const headers = { "content-type": isText ? "application/yaml" : "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: isText ? body : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`found ${answer.status} from ${url}: ${text}`);
  return JSON.parse(text);
}

async function firstUrl({ child }: Pinned): Promise<string> {
  if (child.stdout === null) throw new Error("found no output of the server");
  for await (const line of createInterface(child.stdout)) return String(JSON.parse(line).url);
  throw new Error("the server ended before it was ready");
}
