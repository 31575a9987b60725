import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { classifyRequestSchema, gatewayStatusSchema, rolloutViewSchema, type StrategyCounts } from "@perch/api";
import { bucketOf, parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { startHttpServer, type HttpServer } from "@perch/testkit/servers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "./it/server-process.ts";

const SERVER = fileURLToPath(new URL("main.ts", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../../gateway/src/main.ts", import.meta.url));
const VERSIONS = ["2.3.0", "2.3.1"];

let data = "";
const children: ChildProcess[] = [];
const servers: HttpServer[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "perch-strategies-"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(data, { recursive: true, force: true });
});

async function start(main: string, ...flags: string[]): Promise<string> {
  const args = [main, "--data", data, "--port", "0", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  return await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${main} ended`)));
    createInterface({ input: child.stdout }).once("line", (line) => resolve(String(JSON.parse(line).url)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function pushReleases(): Promise<void> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  for (const version of VERSIONS) {
    await storeRelease(registry, aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
    const key = parseSigningKey(privatePem, "the test");
    await signRelease(registry, parseReleaseReference(`support@${version}`), { key, now: new Date(0) });
  }
}

/** Answers with its name; asked what a turn is about, it says so as that version. */
async function startAgent(name: string, version: string): Promise<HttpServer> {
  const server = await startHttpServer((request, response) => {
    if (!request.path.endsWith("/classify")) return void response.end(name);
    const { text } = classifyRequestSchema.parse(JSON.parse(request.body.toString()));
    const intent = text.includes("refund") ? "refund.request" : "other";
    response.end(JSON.stringify({ intent, confidence: 0.9, version }));
  });
  servers.push(server);
  return server;
}

async function post(url: string, body: string): Promise<unknown> {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text === "" ? null : JSON.parse(text);
}

const fileOf = (name: string, strategy: string): string => `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: ${name} }
spec:
  agent: support
  release: 2.3.1
  strategy: ${strategy}
  steps: [ { setWeight: 99.99 } ]
  analysis:
    gates: [ { name: escalation-rate, kind: proportion, compare: { margin: 0.1 } } ]
  rollback: { propagation: { deadline: 20s, lease: 15s } }
`;

async function createStage() {
  await pushReleases();
  const server = await start(SERVER, "--tick", "100");
  const gateway = await start(GATEWAY, "--server", server);
  const [classifier, ...agents] = [
    await startAgent("classifier", "7"),
    await startAgent("baseline", "2.3.0"),
    await startAgent("canary", "2.3.1"),
  ];
  for (const [index, version] of VERSIONS.entries()) {
    const url = `http://${agents[index]?.host}`;
    await post(`${server}/v1/deployments`, JSON.stringify({ release: `support@${version}`, url }));
  }
  const phase = async (name: string): Promise<string> =>
    rolloutViewSchema.parse(await (await fetch(`${server}/v1/rollouts/${name}`)).json()).phase;
  return {
    classifier: `http://${classifier?.host}/classify`,
    /** Runs a rollout file until `meet` is done, and takes it back. */
    during: async (name: string, strategy: string, meet: () => Promise<void>): Promise<StrategyCounts | undefined> => {
      await post(`${server}/v1/rollouts`, fileOf(name, strategy));
      await until(
        () => phase(name),
        (seen) => seen === "Baking",
      );
      await meet();
      await post(`${server}/v1/rollouts/${name}/abort`, JSON.stringify({ actor: "test", reason: "done" }));
      await until(
        () => phase(name),
        (seen) => seen === "Aborted",
      );
      const status = gatewayStatusSchema.parse(await (await fetch(`${gateway}/-/status`)).json());
      return status.strategies.find(({ rollout }) => rollout === name);
    },
    ask: async (session: string, message: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
      const answer = await fetch(`${gateway}/support/chat`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-session-id": session, ...headers },
        body: JSON.stringify({ message }),
      });
      return await answer.text();
    },
  };
}

test("a rollout file for each strategy is carried out by server and gateway", async () => {
  const { classifier, during, ask } = await createStage();
  const byIntent = (of: string): string => `{ type: intent, intent: { include: [refund.*], classifier: ${of} } }`;

  const users = await during("by-user", "{ type: user, userKey: [header:x-user-id], seed: it }", async () => {
    const arm = bucketOf("it", "ada") < 9999 ? "canary" : "baseline";
    expect([await ask("u-1", "hi", { "x-user-id": "ada" }), await ask("u-2", "", { "x-user-id": "ada" })]).toEqual([
      arm,
      arm,
    ]);
    expect(await ask("u-3", "hi")).toBe("baseline");
  });
  expect(users).toMatchObject({ kind: "user", sessions: { keyed: 2, unkeyed: 1 } });

  const rules = "{ name: mine, version: '3', rules: [ { intent: refund.request, when: { words: [refund] } } ] }";
  const cases = [
    ["by-rules", rules, "noIntent"],
    ["by-http", `{ name: router, version: '7', url: '${classifier}', timeout: 10s }`, "notIncluded"],
  ] as const;
  for (const [name, of, otherwise] of cases) {
    const counted = await during(name, byIntent(of), async () => {
      expect([await ask(`${name}-1`, "a refund"), await ask(`${name}-2`, "hello")]).toEqual(["canary", "baseline"]);
    });
    expect(counted).toMatchObject({ kind: "intent", sessions: { eligible: 1, [otherwise]: 1 } });
  }
  // What the baseline itself says has to come within 300 ms: on a machine that takes longer a session is not drawn.
  const byBaseline = await during("by-baseline", byIntent("baseline"), async () => {
    const drawn = [];
    for (let session = 0; session < 10; session += 1) drawn.push(await ask(`by-baseline-${session}`, "a refund"));
    expect(drawn).toContain("canary");
    for (let session = 0; session < 5; session += 1) {
      expect(await ask(`by-baseline-other-${session}`, "hello")).toBe("baseline");
    }
  });
  expect(byBaseline?.sessions["eligible"]).toBeGreaterThan(0);
  expect(byBaseline?.sessions["notIncluded"]).toBeGreaterThan(0);
  // Whoever was drawn stays there.
  expect([await ask("by-http-1", "bye"), await ask("by-http-2", "a refund")]).toEqual(["canary", "baseline"]);
});
