import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { packDirectory, storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference, type Digest } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { startDeployment, type Deployment, type DeploymentOptions } from "./start-deployment.ts";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));
const HEALTHY = `
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { message } from "./lib/message.mjs";
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PERCH|OTEL|OPENAI|MODEL)/.test(name)));
const prompt = readFileSync(process.env.PERCH_RELEASE_DIR + "/components/prompt/system", "utf8");
createServer((request, response) => {
  if (request.url === "/crash") process.exit(3);
  if (request.url !== "/healthz") response.end(JSON.stringify({ env, prompt, message, cwd: process.cwd() }));
  else response.end();
}).listen(Number(process.env.PORT), process.env.HOST);
`;

let scratch = "";
let server: Server;
let serverUrl = "";
let registered: unknown[] = [];
let deployments: Deployment[] = [];

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-deploy-"));
  registered = [];
  deployments = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      registered.push({ path: request.url, body: JSON.parse(body) });
      const view = { agent: "support", release: { digest: "d", version: "1.0.0" }, url: "u", registeredAt: 1 };
      response.setHeader("content-type", "application/json").end(JSON.stringify(view));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  serverUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});

afterEach(async () => {
  for (const deployment of deployments) await deployment.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(scratch, { recursive: true, force: true });
});

async function aRelease(program: string, { isSigned = true } = {}): Promise<Digest> {
  const app = join(scratch, "app");
  await mkdir(join(app, "lib"), { recursive: true });
  await writeFile(join(app, "main.mjs"), program);
  await writeFile(join(app, "lib", "message.mjs"), 'export const message = "packed";');
  const release = aBuiltRelease({ orchestration: (await packDirectory(app)).bytes });
  const registry = createDirectoryRegistry(join(scratch, "registry"));
  await storeRelease(registry, release);
  const pair = generateKeyPair();
  await mkdir(join(scratch, "trust"), { recursive: true });
  await writeFile(join(scratch, "trust", "me.pub"), pair.publicPem);
  const key = parseSigningKey(pair.privatePem, "key");
  if (isSigned) await signRelease(registry, parseReleaseReference("support@1.0.0"), { key, now: new Date() });
  return release.digest;
}

async function deploy(more: Partial<DeploymentOptions> = {}): Promise<Deployment> {
  const deployment = await startDeployment({
    reference: "support@1.0.0",
    serverUrl,
    dataDirectory: scratch,
    readyTimeoutMs: 20_000,
    restartDelaysMs: [10, 10],
    ...more,
  });
  deployments.push(deployment);
  return deployment;
}

test("a release runs with what it needs to know, is registered by digest, and stops", async () => {
  const digest = await aRelease(HEALTHY);
  const credentials = { PERCH_REGISTRY_USERNAME: "ci", PERCH_REGISTRY_PASSWORD: "hunter2" };
  const deployment = await deploy({ env: { MODEL_HINT: "x", ...credentials } });
  expect(deployment).toMatchObject({ agent: "support", version: "1.0.0", digest });
  expect(registered).toEqual([
    {
      path: "/v1/deployments",
      body: {
        release: `support@${digest}`,
        url: deployment.url,
        hook: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
      },
    },
  ]);
  const directory = join(scratch, "deployments", `support-1.0.0-${digest.slice(7, 19)}`);
  const told: unknown = await (await fetch(deployment.url)).json();
  expect(told).toMatchObject({
    prompt: "Help the customer.",
    message: "packed",
    env: {
      PERCH_RELEASE_DIR: directory,
      PERCH_RELEASE: digest,
      PERCH_AGENT: "support",
      PERCH_VERSION: "1.0.0",
      OTEL_EXPORTER_OTLP_ENDPOINT: serverUrl,
      MODEL_HINT: "x",
    },
  });
  expect(JSON.stringify(told)).not.toContain("PERCH_REGISTRY");
  expect((await readdir(directory, { recursive: true })).sort()).toEqual([
    "components",
    "components/model",
    "components/model/model.json",
    "components/policy",
    "components/policy/policy.json",
    "components/prompt",
    "components/prompt/system",
    "components/tool",
    "components/tool/escalate",
    "components/tool/refund",
    "orchestration",
    "orchestration/lib",
    "orchestration/lib/message.mjs",
    "orchestration/main.mjs",
    "release.json",
  ]);
  await deployment.stop();
  await expect(fetch(deployment.url)).rejects.toThrow();
  expect(deployment.restarts()).toBe(0);
});

test("what was changed or added on disk since is put right before the program starts", async () => {
  const digest = await aRelease(HEALTHY);
  const directory = join(scratch, "deployments", `support-1.0.0-${digest.slice(7, 19)}`);
  await mkdir(join(directory, "orchestration", "lib"), { recursive: true });
  await writeFile(join(directory, "orchestration", "main.mjs"), "process.exit(9)");
  await writeFile(join(directory, "orchestration", "planted.mjs"), "");
  const told: unknown = await (await fetch((await deploy()).url)).json();
  expect(told).toMatchObject({ message: "packed" });
  expect(await readdir(join(directory, "orchestration"))).toEqual(["lib", "main.mjs"]);
  expect(await readdir(dirname(directory))).toHaveLength(1);
});

test("an unsigned release is not even unpacked", async () => {
  await aRelease(HEALTHY, { isSigned: false });
  await expect(deploy()).rejects.toMatchObject({ code: "unsigned" });
  await expect(readdir(join(scratch, "deployments"))).rejects.toThrow();
});

test("a program that ends at once is reported with its last lines", async () => {
  await aRelease('console.error("cannot find my settings"); process.exit(7);');
  await expect(deploy()).rejects.toMatchObject({
    code: "deployment_failed",
    message: expect.stringMatching(
      /support@1\.0\.0 ended with exit code 7 before it was ready\n {2}\| cannot find my settings/,
    ),
  });
  expect(registered).toEqual([]);
});

test("a program that is never healthy is stopped and reported", async () => {
  await aRelease(
    HEALTHY.replace('request.url !== "/healthz"', "true").replace("response.end(", "response.writeHead(503).end("),
  );
  await expect(deploy({ readyTimeoutMs: 8_000 })).rejects.toMatchObject({
    message: expect.stringContaining("answered GET /healthz with 503 within 8 s"),
  });
});

test("a taken port is reported as taken", async () => {
  await aRelease(HEALTHY);
  await expect(deploy({ port: Number(new URL(serverUrl).port) })).rejects.toMatchObject({
    message: expect.stringMatching(/found port \d+ in use/),
  });
});

test("when the server cannot be reached the program is stopped again", async () => {
  await aRelease(HEALTHY);
  const lines: string[] = [];
  await expect(deploy({ serverUrl: "http://127.0.0.1:1", onLine: (line) => lines.push(line) })).rejects.toMatchObject({
    code: "server_unreachable",
    hint: expect.stringContaining("perch up"),
  });
});

test("a crash is repaired on the same port until the restarts are used up", async () => {
  await aRelease(HEALTHY);
  const events: string[] = [];
  const deployment = await deploy({ onEvent: (text) => events.push(text) });
  for (const restarts of [1, 2]) {
    await fetch(`${deployment.url}/crash`).catch(() => null);
    await vi.waitFor(
      () => expect(events.filter((text) => text.endsWith("healthy again"))).toHaveLength(restarts),
      20_000,
    );
    expect((await fetch(deployment.url)).status).toBe(200);
    expect(deployment.restarts()).toBe(restarts);
  }
  await fetch(`${deployment.url}/crash`).catch(() => null);
  expect(await deployment.gaveUp).toMatchObject({
    code: "deployment_failed",
    message: "support@1.0.0 ended again (exit code 3) after 2 restarts",
  });
  expect(registered).toHaveLength(1);
});

test("the program's own lines go to a file of the data directory when nobody else takes them", async () => {
  await aRelease(`${HEALTHY}\nconsole.log("hello from the agent");`);
  await (await deploy()).stop();
  const log = join(scratch, "logs", "support-1.0.0.log");
  await vi.waitFor(async () => expect(await readFile(log, "utf8")).toBe("hello from the agent\n"), 20_000);
});

const registration = z.object({ body: z.object({ hook: z.url() }) });

async function tell(url: string, body: unknown): Promise<number> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: { connection: "close" } });
  return answer.status;
}

test("a deployment whose release has drained stops its program when it is told to, and is not started again", async () => {
  await aRelease(HEALTHY);
  const deployment = await deploy();
  const { hook } = registration.parse(registered[0]).body;
  expect(await tell(hook, { type: "deployment.scaleDown" })).toBe(204);
  await expect(fetch(deployment.url)).rejects.toThrow();
  expect([deployment.pid(), deployment.restarts()]).toEqual([null, 0]);
  expect(await tell(hook, { type: "deployment.delete" })).toBe(204);
  await deployment.decommissioned;
});

test("whoever does not know the hook's path, or says something else, stops nothing", async () => {
  await aRelease(HEALTHY);
  const deployment = await deploy();
  const { hook } = registration.parse(registered[0]).body;
  expect(await tell(new URL("/", hook).href, { type: "deployment.scaleDown" })).toBe(404);
  expect(await tell(hook, { type: "rollout.paused" })).toBe(422);
  expect((await fetch(deployment.url)).ok).toBe(true);
});

test("`perch deploy` waits after its program was stopped until the release is decommissioned, and ends well then", async () => {
  await aRelease(HEALTHY);
  const args = [PERCH, "deploy", "support@1.0.0", "--server", serverUrl, "--data", scratch];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  try {
    await once(child.stdout, "data");
    const { hook } = registration.parse(registered[0]).body;
    expect(await tell(hook, { type: "deployment.scaleDown" })).toBe(204);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(child.exitCode).toBeNull();
    const ended = once(child, "exit");
    expect(await tell(hook, { type: "deployment.delete" })).toBe(204);
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
