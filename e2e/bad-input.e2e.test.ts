import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDataDirectory, runPerch, waitFor, type Run } from "./run-perch.ts";

const data = newDataDirectory();
const agent = join(data, "agent");
const AGENT_YAML = `
apiVersion: perch.dev/v1
kind: Agent
metadata: { name: echo, version: 1.0.0 }
spec:
  model: { provider: none, name: none }
  prompts: [{ name: system, role: system, file: prompt.md }]
  tools: []
  orchestration: { directory: orchestration, entrypoint: agent.mjs, framework: { name: none, version: "1" } }
  policy: { escalationTools: [], successTools: [] }
`;
const AGENT_PROGRAM = `
import { createServer } from "node:http";
const server = createServer((_, answer) => answer.end("ok"));
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

let up: Run | undefined;
let addresses: { server: string; gateway: string };

beforeAll(async () => {
  mkdirSync(join(agent, "orchestration"), { recursive: true });
  writeFileSync(join(agent, "agent.yaml"), AGENT_YAML);
  writeFileSync(join(agent, "prompt.md"), "Echo.");
  writeFileSync(join(agent, "orchestration", "agent.mjs"), AGENT_PROGRAM);
  await succeed(["key", "generate", "--out", `${join(data, "keys")}/`]);
  await succeed(["key", "trust", join(data, "keys", "perch.pub"), "--data", data]);
  await succeed(["release", "build", agent, "--data", data]);
  const run = runPerch(["up", "--data", data, "--port", "0", "--gateway-port", "0", "--json"]);
  up = run;
  addresses = await waitFor(
    "perch up",
    () => (run.stdout().includes("\n") ? (JSON.parse(run.stdout()) as typeof addresses) : null),
    { run, timeoutMs: 120_000 },
  );
});
afterAll(async () => {
  up?.process.kill("SIGTERM");
  await up?.ended;
  rmSync(data, { recursive: true, force: true });
});

async function succeed(args: readonly string[]): Promise<string> {
  const run = runPerch(args);
  expect(await run.ended, run.stderr()).toBe(0);
  return run.stdout();
}

/** What perch says when it refuses. */
async function refusal(args: readonly string[]): Promise<string> {
  const run = runPerch(args);
  expect(await run.ended, run.stdout()).not.toBe(0);
  // A person who made a mistake must not be shown the inside of the program.
  expect(run.stderr()).not.toMatch(/\n\s+at .*\.ts:\d+/);
  return run.stderr();
}

describe("a person is told what is wrong and what to do", () => {
  test("when a release is not signed", async () => {
    const said = await refusal(["deploy", "echo@1.0.0", "--data", data, "--server", addresses.server]);
    expect(said).toMatch(/sign/i);
  });

  test("when a bundle was altered after it was signed", async () => {
    await succeed(["release", "sign", "echo@1.0.0", "--key", join(data, "keys", "perch.key"), "--data", data]);
    await succeed(["release", "verify", "echo@1.0.0", "--data", data]);
    const altered = join(data, "altered");
    cpSync(join(data, "registry"), altered, { recursive: true });
    flipPrompt(join(altered, "blobs", "sha256"));
    const said = await refusal(["release", "verify", "echo@1.0.0", "--registry", altered, "--data", data]);
    expect(said).toMatch(/prompt/);
    expect(said).toMatch(/altered/);
  });

  test("when nobody knows the release", async () => {
    expect(await refusal(["deploy", "echo@9.9.9", "--data", data, "--server", addresses.server])).toMatch(/9\.9\.9/);
  });

  test("when nobody knows the agent of a rollout", async () => {
    const file = join(data, "rollout.yaml");
    writeFileSync(file, rolloutFile("nobody", "nobody@1.0.0"));
    const said = await refusal(["rollout", "start", "-f", file, "--server", addresses.server]);
    expect(said).toMatch(/nobody/);
  });

  test("when a rollout file has several mistakes: all of them, each with its line", async () => {
    const file = join(data, "broken.yaml");
    writeFileSync(file, rolloutFile("echo", "echo@1.0.0").replace("setWeight: 5", "setWeigth: 5").replace("0.01", "7"));
    const said = await refusal(["rollout", "start", "-f", file, "--server", addresses.server]);
    expect(said).toMatch(/setWeigth/);
    expect(said).toMatch(/familyWiseErrorRate/);
    expect(said).toMatch(/7:\d+|line 7/);
  });

  test("when the data directory is in use", async () => {
    expect(await refusal(["up", "--data", data, "--port", "0", "--gateway-port", "0"])).toMatch(/in use|used by/i);
  });

  test("when the port is taken", async () => {
    const other = newDataDirectory();
    const { server, port } = await takePort();
    const said = await refusal(["up", "--data", other, "--port", String(port), "--gateway-port", "0"]);
    server.close();
    rmSync(other, { recursive: true, force: true });
    expect(said).toContain(String(port));
  });

  test("when no server answers", async () => {
    expect(await refusal(["rollout", "status", "--server", "http://127.0.0.1:9"])).toMatch(/perch up/);
  });
});

describe("a client of the gateway is told what is wrong", () => {
  test("when no agent lives at its path", async () => {
    const answer = await fetch(`${addresses.gateway}/nobody/chat`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: "unknown_agent" } });
  });
});

function rolloutFile(agentName: string, release: string): string {
  return [
    "apiVersion: perch.dev/v1",
    "kind: Rollout",
    "metadata: { name: echo }",
    "spec:",
    `  agent: ${agentName}`,
    `  release: ${release}`,
    "  steps: [{ setWeight: 5 }]",
    "  analysis:",
    "    familyWiseErrorRate: 0.01",
    "    gates: [{ name: escalation-rate, kind: proportion }]",
    "",
  ].join("\n");
}

function flipPrompt(blobs: string): void {
  for (const name of readdirSync(blobs)) {
    const bytes = readFileSync(join(blobs, name));
    if (bytes.toString() === "Echo.") writeFileSync(join(blobs, name), "Echo!");
  }
}

function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}
