import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { createSqliteLedger, openServerDatabase } from "@perch/adapters/sqlite";
import {
  gatewayViewSchema,
  problemSchema,
  rolloutViewSchema,
  routingTableSchema,
  type RolloutView,
  type RoutingTableMessage,
} from "@perch/api";
import { parseReleaseReference, verifyChain } from "@perch/domain";
import { aBuiltRelease, aTurnRecord } from "@perch/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { escalationSpan } from "./it/escalation-span.ts";

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

type Running = { readonly child: ChildProcess; readonly url: string; readonly errors: string[] };

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

function start(...flags: string[]): ChildProcess {
  const args = [MAIN, "--data", data, "--port", "0", "--tick", "100", "--lateness", "300", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return child;
}

async function startServer(...flags: string[]): Promise<Running> {
  const child = start(...flags);
  const errors: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`the server ended: ${errors.join("")}`)));
    if (child.stdout === null) throw new Error("no stdout");
    createInterface({ input: child.stdout }).once("line", (line) => {
      const ready: unknown = JSON.parse(line);
      if (typeof ready === "object" && ready !== null && "url" in ready) resolve(String(ready.url));
    });
  });
  return { child, url, errors };
}

/** A server that is expected not to start: its exit code and last log line. */
async function startInVain(...flags: string[]): Promise<{ code: number | null; problem: unknown }> {
  const child = start(...flags);
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

async function post(server: Running, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? null : JSON.parse(text);
}

async function viewOf(server: Running): Promise<RolloutView> {
  return rolloutViewSchema.parse(await (await fetch(`${server.url}/v1/rollouts/support-2-3-1`)).json());
}

async function until<T>(read: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
  for (let waited = 0; ; waited += 50) {
    const value = await read();
    if (isReached(value) || waited > 20_000) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Signed with a trusted key, all but the last. */
async function pushReleases(): Promise<ReadonlyMap<string, string>> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  const digests = new Map<string, string>();
  for (const version of ["2.3.0", "2.3.1", "2.3.2"]) {
    const { digest } = await storeRelease(registry, aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
    digests.set(version, digest);
    if (version === "2.3.2") continue;
    const reference = parseReleaseReference(`support@${version}`);
    await signRelease(registry, reference, { key: parseSigningKey(privatePem, "the test"), now: new Date(0) });
  }
  return digests;
}

async function connectGateway(server: Running) {
  const tables: RoutingTableMessage[] = [];
  const stop = new AbortController();
  const answer = await fetch(`${server.url}/v1/gateways/gw-1/table`, { signal: stop.signal });
  void (async () => {
    let rest = "";
    for await (const chunk of answer.body ?? []) {
      rest += Buffer.from(chunk).toString();
      const events = rest.split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events.filter((text) => text.startsWith("event: table"))) {
        const table = routingTableSchema.parse(JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? ""));
        tables.push(table);
        await post(server, "/v1/gateways/gw-1/acks", { revision: table.revision, appliedAt: Date.now() });
      }
    }
  })().catch(() => undefined);
  return { tables, disconnect: () => stop.abort() };
}

let sent = 0;

/** Sixty sessions as the table says: every fifth a canary, and of those every third one escalates. */
async function sendSessions(server: Running, table: RoutingTableMessage): Promise<void> {
  const route = table.agents[0];
  const canary = route?.canary;
  if (route === undefined || canary === undefined || canary === null) throw new Error("no rollout is routed");
  const at = Date.now();
  const turns = Array.from({ length: 60 }, (_, index) => {
    sent += 1;
    const arm = index % 5 === 0 ? "canary" : "baseline";
    return {
      ...aTurnRecord({ traceId: sent.toString(16).padStart(32, "0"), arm, startedAt: at, endsSession: true }),
      id: `turn-${sent}`,
      session: `session-${sent}`,
      release: arm === "canary" ? canary.release : route.current,
      rollout: canary.rollout,
      step: canary.step,
    };
  });
  const spans = turns.filter((_, index) => index % 15 === 0).map(({ traceId }) => escalationSpan(traceId, at));
  await post(server, "/v1/traces", {
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }],
  });
  const assignments = turns.map((turn) => ({ ...turn, id: `of ${turn.id}`, kind: "assignment", endsSession: false }));
  await post(server, "/v1/turns", { turns: [...assignments, ...turns] });
}

/** Of the baseline somebody answers: nobody goes back to a release that is gone. */
async function deployBoth(server: Running): Promise<void> {
  await post(server, "/v1/deployments", { release: "support@2.3.0", url: await startAgent() });
  await post(server, "/v1/deployments", { release: "support@2.3.1", url: "http://127.0.0.1:2" });
}

test("a rollout survives kill -9 of the server in its middle and is rolled back for the right reason", async () => {
  const digests = await pushReleases();
  const first = await startServer();
  const before = await connectGateway(first);
  await deployBoth(first);
  await post(first, "/v1/rollouts", YAML);
  await until(
    () => viewOf(first),
    (view) => view.phase === "Baking",
  );
  const table = before.tables.at(-1);
  if (table === undefined) throw new Error("no table");
  await sendSessions(first, table);
  const seen = await until(
    () => viewOf(first),
    (view) => view.arms.canary.matured === 12 && (view.gates[0]?.canary.sessions ?? 0) >= 10,
  );
  expect(seen.phase).toBe("Baking");
  await end(first.child, "SIGKILL");

  const second = await startServer();
  const after = await connectGateway(second);
  const taken = await viewOf(second);
  expect(taken).toMatchObject({ phase: "Baking", phaseSince: seen.phaseSince, gates: seen.gates });
  expect(after.tables.at(-1)?.revision.epoch).toBe(table.revision.epoch + 1);
  expect(after.tables.at(-1)?.agents).toEqual(table.agents);
  for (let batch = 0; batch < 4; batch += 1) await sendSessions(second, table);
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
  await pushReleases();
  const server = await startServer();
  const gateway = await connectGateway(server);
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
    await pushReleases();
    await deployedBefore();
    expect(await codesOf("2.3.2")).toEqual(["unsigned", "unsigned"]);
  });

  test("one that a key signed which nobody trusts", async () => {
    await pushReleases();
    await deployedBefore();
    const registry = createDirectoryRegistry(join(data, "registry"));
    const stranger = parseSigningKey(generateKeyPair().privatePem, "a stranger");
    await signRelease(registry, parseReleaseReference("support@2.3.2"), { key: stranger, now: new Date(0) });
    expect(await codesOf("2.3.2")).toEqual(["signature_rejected", "signature_rejected"]);
  });

  test("one whose signer may sign for another agent only", async () => {
    await pushReleases();
    await deployedBefore();
    const signers = [{ key: { name: "us", file: "test.pub" } }];
    const policy = { apiVersion: "perch.dev/v1", kind: "TrustPolicy", rules: [{ agents: ["sales"], signers }] };
    writeFileSync(join(data, "trust", "policy.yaml"), JSON.stringify(policy));
    expect(await codesOf("2.3.1")).toEqual(["signature_rejected", "signature_rejected"]);
  });

  test("one that was altered in a byte after it was signed", async () => {
    const digests = await pushReleases();
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
