import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { createSqliteLedger, openServerDatabase } from "@perch/adapters/sqlite";
import { gatewayViewSchema, problemSchema, rolloutViewSchema, type RolloutView } from "@perch/api";
import { parseReleaseReference, verifyChain } from "@perch/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pushReleases } from "./it/push-releases.ts";
import { postJson, startServerProcess, until, type ServerProcess } from "./it/server-process.ts";
import { connectGateway, sendSessions } from "./it/simulated-gateway.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const YAML = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  steps: [ { setWeight: 20 }, { setWeight: 50 } ]
  analysis:
    interval: 1s
    gates: [ { name: escalation-rate, kind: proportion, compare: { margin: 0.1 } } ]
  rollback: { propagation: { deadline: 20s, lease: 3s } }
`;

let data = "";
let children: ChildProcess[] = [];
let agent: Server | null = null;
beforeEach(() => {
  agent = null;
  data = mkdtempSync(join(tmpdir(), "perch-server-"));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => end(child, "SIGKILL")));
  agent?.closeAllConnections();
  agent?.close();
  rmSync(data, { recursive: true, force: true });
});

/** Its URL. */
async function startAgent(): Promise<string> {
  const started = createHttpServer((_request, response) => response.end());
  agent = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const argsOf = (flags: readonly string[]): string[] => {
  return ["--data", data, "--port", "0", "--tick", "100", "--lateness", "300", ...flags];
};

async function startServer(...flags: string[]): Promise<ServerProcess> {
  const server = await startServerProcess(MAIN, argsOf(flags));
  children.push(server.child);
  return server;
}

/** A server that is expected not to start: its exit code and last log line. */
async function startInVain(...flags: string[]): Promise<{ code: number | null; problem: unknown }> {
  const child = spawn(process.execPath, [MAIN, ...argsOf(flags)], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, problem: JSON.parse(text.trim().split("\n").at(-1) ?? "null") };
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.once("exit", resolve);
    child.kill(signal);
  });
}

const post = (server: ServerProcess, path: string, body: unknown): Promise<unknown> =>
  postJson(server.url + path, body);

async function viewOf(server: ServerProcess): Promise<RolloutView> {
  return rolloutViewSchema.parse(await (await fetch(`${server.url}/v1/rollouts/support-2-3-1`)).json());
}

/** The last is not signed. */
const push = (): Promise<ReadonlyMap<string, string>> => pushReleases(data, ["2.3.0", "2.3.1"], ["2.3.2"]);
/** Every third of the canary's. */
const escalates = (place: number): boolean => place % 15 === 0;

/** Of the baseline somebody answers: nobody goes back to a release that is gone. */
async function deployBoth(server: ServerProcess): Promise<void> {
  await post(server, "/v1/deployments", { release: "support@2.3.0", url: await startAgent() });
  await post(server, "/v1/deployments", { release: "support@2.3.1", url: "http://127.0.0.1:2" });
}

test("a rollout survives kill -9 of the server in its middle and is rolled back for the right reason", async () => {
  const digests = await push();
  const first = await startServer();
  const before = await connectGateway(first.url);
  await deployBoth(first);
  await post(first, "/v1/rollouts", YAML);
  await until(
    () => viewOf(first),
    (view) => view.phase === "Baking",
  );
  const table = before.tables.at(-1);
  if (table === undefined) throw new Error("no table");
  await sendSessions(first.url, table, escalates);
  const seen = await until(
    () => viewOf(first),
    (view) => view.arms.canary.matured === 12 && (view.gates[0]?.canary.sessions ?? 0) >= 10,
  );
  expect(seen.phase).toBe("Baking");
  await end(first.child, "SIGKILL");

  const second = await startServer();
  const after = await connectGateway(second.url);
  const taken = await viewOf(second);
  expect(taken).toMatchObject({ phase: "Baking", phaseSince: seen.phaseSince, gates: seen.gates });
  await until(
    async () => after.tables.length,
    (count) => count > 0,
  );
  expect(after.tables.at(-1)?.revision.epoch).toBe(table.revision.epoch + 1);
  expect(after.tables.at(-1)?.agents).toEqual(table.agents);
  for (let batch = 0; batch < 4; batch += 1) await sendSessions(second.url, table, escalates);
  const over = await until(
    () => viewOf(second),
    (view) => view.phase === "RolledBack",
  );
  expect([over.phase, over.culprits, over.switchedSessions]).toEqual(["RolledBack", ["escalation-rate"], 0]);
  expect(over.arms.canary.sessions).toBe(60);
  expect(over.propagation?.gateways).toEqual([{ gateway: "gw-1", ackedAt: expect.any(Number), fenced: false }]);
  expect(after.tables.at(-1)?.agents[0]).toMatchObject({ current: digests.get("2.3.0"), canary: null });

  await end(second.child, "SIGTERM");
  const ledger = createSqliteLedger(openServerDatabase(join(data, "server", "server.sqlite")));
  const entries = await ledger.readAll(0);
  await ledger.close();
  verifyChain(entries);
  expect(entries.findLast(({ subject }) => subject === "support-2-3-1")?.type).toMatch(/synced|blockJudged/);
});

test("a gateway that is cut off goes stale, then fenced when its lease has run out", async () => {
  await push();
  const server = await startServer();
  const gateway = await connectGateway(server.url);
  await deployBoth(server);
  await post(server, "/v1/rollouts", YAML);
  await until(
    () => viewOf(server),
    (view) => view.phase === "Baking",
  );
  const syncs = async () => {
    const answer = await (await fetch(`${server.url}/v1/gateways`)).json();
    return gatewayViewSchema.array().parse(answer)[0]?.sync;
  };
  expect(await syncs()).toBe("Synced");
  gateway.disconnect();
  expect(await until(syncs, (sync) => sync !== "Synced")).toBe("Stale");
  expect(await until(syncs, (sync) => sync === "Fenced")).toBe("Fenced");
});

describe("neither deployed nor rolled out is", () => {
  async function codesOf(version: string): Promise<readonly string[]> {
    const server = await startServer();
    const release = `support@${version}`;
    const deployed = await post(server, "/v1/deployments", { release, url: "http://127.0.0.1:3" });
    const started = await post(server, "/v1/rollouts", YAML.replace("release: 2.3.1", `release: ${version}`));
    return [deployed, started].map((answer) => problemSchema.parse(answer).error.code);
  }

  /** As if the agent had been deployed before; what refuses comes after. */
  async function deployedBefore(): Promise<void> {
    const server = await startServer();
    await deployBoth(server);
    await end(server.child, "SIGTERM");
  }

  test("an unsigned release", async () => {
    await push();
    await deployedBefore();
    expect(await codesOf("2.3.2")).toEqual(["unsigned", "unsigned"]);
  });

  test("one that a key signed which nobody trusts", async () => {
    await push();
    await deployedBefore();
    const registry = createDirectoryRegistry(join(data, "registry"));
    const stranger = parseSigningKey(generateKeyPair().privatePem, "a stranger");
    await signRelease(registry, parseReleaseReference("support@2.3.2"), { key: stranger, now: new Date(0) });
    expect(await codesOf("2.3.2")).toEqual(["signature_rejected", "signature_rejected"]);
  });

  test("one whose signer may sign for another agent only", async () => {
    await push();
    await deployedBefore();
    const signers = [{ key: { name: "us", file: "test.pub" } }];
    const policy = { apiVersion: "perch.dev/v1", kind: "TrustPolicy", rules: [{ agents: ["sales"], signers }] };
    writeFileSync(join(data, "trust", "policy.yaml"), JSON.stringify(policy));
    expect(await codesOf("2.3.1")).toEqual(["signature_rejected", "signature_rejected"]);
  });

  test("one that was altered in a byte after it was signed", async () => {
    const digests = await push();
    await deployedBefore();
    const blob = join(data, "registry", "blobs", "sha256", (digests.get("2.3.1") ?? "").replace("sha256:", ""));
    const bytes = readFileSync(blob);
    writeFileSync(blob, bytes.fill((bytes[10] ?? 0) ^ 1, 10, 11));
    expect(await codesOf("2.3.1")).toEqual(["digest_mismatch", "digest_mismatch"]);
  });
});

describe("a server that cannot start says why and ends with 1", () => {
  test("when another one works on the data directory", async () => {
    const first = await startServer();
    expect(await startInVain()).toMatchObject({
      code: 1,
      problem: { level: "error", code: "locked", message: expect.stringContaining(`process ${first.child.pid}`) },
    });
    expect(await end(first.child, "SIGTERM")).toBe(0);
    const next = await startServer();
    expect(await end(next.child, "SIGTERM")).toBe(0);
  });

  test("when its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await startInVain("--port", String(port))).toMatchObject({ code: 1, problem: { code: "port_taken" } });
    other.close();
  });

  test("when its flags make no sense", async () => {
    expect(await startInVain("--clock", "sundial", "--tick", "soon")).toMatchObject({
      code: 1,
      problem: { code: "usage", message: expect.stringMatching(/--clock: found sundial.*--tick: found soon/) },
    });
  });
});
