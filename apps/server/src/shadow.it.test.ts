import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import {
  agentViewSchema,
  ledgerEntrySchema,
  overviewSchema,
  pairPageSchema,
  problemSchema,
  rolloutViewSchema,
  type PairPage,
  type RolloutView,
} from "@perch/api";
import { parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./it/server-process.ts";

const SERVER = fileURLToPath(new URL("main.ts", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../../gateway/src/main.ts", import.meta.url));

const file = (name: string, spec: string): string => `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: ${name} }
spec:
  agent: support
  release: 2.3.1
${spec}`;
const SHADOW = file(
  "shadow",
  `
  strategy: { type: shadow }
  steps:
    - setMirrorRoute: { percentage: 100, sideEffects: block, timeout: 60s, spendCap: { sessions: 4 } }
      pause: { duration: 20s }`,
);
const FAILING = file(
  "failing",
  `
  strategy: { type: shadow }
  steps:
    - setMirrorRoute: { percentage: 100, sideEffects: block, timeout: 60s }
      pause: { duration: 1h }`,
);
const WITH_WEIGHTS = file(
  "weights",
  `
  steps:
    - { setMirrorRoute: { percentage: 50, sideEffects: block }, pause: { duration: 100ms } }
    - { setWeight: 20 }
  analysis: { gates: [ { name: escalation-rate, kind: proportion } ] }`,
);

let data = "";
const children: ChildProcess[] = [];
const agents: Server[] = [];
let server = "";
let gateway = "";

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "perch-shadow-"));
  await pushReleases();
  server = await start(SERVER, ["--data", data, "--tick", "50", "--lateness", "200", "--idle-timeout", "12000"]);
  gateway = await start(GATEWAY, ["--data", join(data, "gateway"), "--server", server]);
  const baseline = await startAgent((request, response) => respond(request, response, "baseline"));
  // It breaks off in the middle of the session that asks for it.
  const shadow = await startAgent((request, response) => {
    if (request.headers["x-break"] !== undefined) request.socket.destroy();
    else respond(request, response, "shadow");
  });
  await post("/v1/deployments", { release: "support@2.3.0", url: baseline });
  await post("/v1/deployments", { release: "support@2.3.1", url: shadow });
});
afterAll(async () => {
  for (const child of children.reverse()) await end(child);
  for (const agent of agents) agent.close();
  rmSync(data, { recursive: true, force: true });
});

async function pushReleases(): Promise<void> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  for (const version of ["2.3.0", "2.3.1"]) {
    await storeRelease(registry, aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
    const reference = parseReleaseReference(`support@${version}`);
    await signRelease(registry, reference, { key: parseSigningKey(privatePem, "the test"), now: new Date(0) });
  }
}

/** Where it listens. */
async function start(main: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [main, "--port", "0", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  return await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(errors.join(""))));
    createInterface({ input: child.stdout }).once("line", (line) => {
      const ready: unknown = JSON.parse(line);
      if (typeof ready === "object" && ready !== null && "url" in ready) resolve(String(ready.url));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function startAgent(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const agent = createServer(handle);
  agents.push(agent);
  await new Promise<void>((resolve) => agent.listen(0, "127.0.0.1", resolve));
  const address = agent.address();
  return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
}

function respond(request: IncomingMessage, response: ServerResponse, words: string): void {
  request.resume();
  request.once("end", () => response.end(`${words} ${String(request.headers["x-perch-shadow"])}`));
}

async function post(path: string, body: unknown): Promise<unknown> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "content-type": "application/json" };
  const answer = await fetch(server + path, { method: "POST", headers, body: text });
  return await answer.json();
}

async function get(path: string): Promise<unknown> {
  return await (await fetch(server + path)).json();
}

async function viewOf(id: string): Promise<RolloutView> {
  return rolloutViewSchema.parse(await get(`/v1/rollouts/${id}`));
}

/** The gateway goes by it: a session that began before is never mirrored. */
function isMirrored({ phase, propagation }: RolloutView): boolean {
  return phase === "Shadowing" && propagation?.gateways.some(({ ackedAt }) => ackedAt !== null) === true;
}

async function pairsOf(query = ""): Promise<PairPage> {
  return pairPageSchema.parse(await get(`/v1/rollouts/shadow/pairs${query}`));
}

/** What the user is told. */
async function say(session: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const sent = { "x-session-id": session, ...headers };
  const answer = await fetch(`${gateway}/support/chat`, { method: "POST", headers: sent, body: "hello" });
  return await answer.text();
}

test("a shadow rollout mirrors whole sessions, lists them as pairs, keeps to its cap and promotes nothing", async () => {
  await until(
    () => get("/v1/gateways"),
    (views) => JSON.stringify(views).includes("Synced"),
  );
  await post("/v1/rollouts", SHADOW);
  await until(() => viewOf("shadow"), isMirrored);
  // Held, so that the test has all the time it needs.
  expect(rolloutViewSchema.parse(await post("/v1/rollouts/shadow/pause", {})).phase).toBe("Shadowing");

  for (const turn of [1, 2, 3]) {
    for (const session of ["one", "two", "three"]) {
      const headers = turn === 2 && session === "three" ? { "x-break": "1" } : {};
      expect(await say(session, headers)).toBe("baseline undefined");
    }
  }
  const { pairs } = await until(
    pairsOf,
    (page) =>
      page.pairs.filter(({ isComplete }) => isComplete).length === 2 &&
      page.pairs.every(({ baseline }) => baseline.turns === 3),
  );
  expect(pairs.map(({ session, isComplete }) => [session, isComplete])).toEqual([
    ["three", false],
    ["two", true],
    ["one", true],
  ]);
  expect(pairs[2]).toMatchObject({
    incompleteBecause: [],
    baseline: { turns: 3, statuses: [200, 200, 200], responseBytes: 3 * "baseline undefined".length },
    shadow: { turns: 3, statuses: [200, 200, 200], responseBytes: 3 * "shadow 1".length },
  });
  expect(pairs[0]?.incompleteBecause).toEqual(["1 of 3 turns has no mirror", "a mirrored turn was failed: reset"]);
  expect(pairs[0]?.shadow.statuses).toEqual([200, 0]);
  const page = await pairsOf("?limit=1");
  expect(page.pairs.map(({ session }) => session)).toEqual(["three"]);
  expect((await pairsOf(`?limit=1&before=${page.next}`)).pairs.map(({ session }) => session)).toEqual(["two"]);

  await say("four");
  const capped = await until(
    () => viewOf("shadow"),
    // The controller stops it at once; what people look at may be a second old.
    ({ mirror }) => mirror !== null && !mirror.isOn && mirror.spent.sessions === 4,
  );
  expect(capped).toMatchObject({
    phase: "Shadowing",
    mirror: {
      percentageBp: 10_000,
      stoppedBecause: "the spend cap of 4 sessions is reached",
      spent: { sessions: 4, turns: 9, requestBytes: 45 },
      cap: { sessions: 4, turns: 10_000 },
    },
  });
  await until(
    () => get("/v1/gateways"),
    (views) => JSON.stringify(views).includes("Synced"),
  );
  await say("five");
  await say("four");
  await until(pairsOf, ({ pairs: [newest] }) => newest?.session === "four" && newest.shadow.turns === 2);
  expect((await pairsOf()).pairs.map(({ session }) => session)).not.toContain("five");

  await post("/v1/rollouts/shadow/resume", {});
  const over = await until(
    () => viewOf("shadow"),
    ({ phase }) => phase === "Succeeded",
  );
  expect(over).toMatchObject({ weightBp: 0, canarySessionsExposed: 0, switchedSessions: 0, gates: [], steps: [] });
  const [agent] = agentViewSchema.array().parse(await get("/v1/agents"));
  expect(agent?.releases.map(({ release, status }) => `${release.version} ${status}`)).toEqual([
    "2.3.0 Current",
    "2.3.1 Inactive",
  ]);
  const entries = ledgerEntrySchema.array().parse(await get("/v1/rollouts/shadow/ledger"));
  expect(entries.map(({ type }) => type)).toContain("mirrorStopped");
});

test("what was mirrored matures as sessions of the baseline alone", async () => {
  const { recentSessions } = await until(
    async () => overviewSchema.parse(await get("/v1/overview")),
    (overview) => overview.recentSessions.length >= 5,
  );
  const seen = recentSessions.map(({ session, arm, turns }) => `${session} ${arm} ${turns}`).toSorted();
  expect(seen).toEqual(["five baseline 1", "four baseline 2", "one baseline 3", "three baseline 3", "two baseline 3"]);
});

test("a mirror before weights gives way to the first of them", async () => {
  await post("/v1/rollouts", WITH_WEIGHTS);
  const view = await until(
    () => viewOf("weights"),
    ({ phase }) => phase === "Baking",
  );
  expect(view.timeline.map(({ phase, weightBp }) => `${phase} ${weightBp}`)).toEqual([
    "Pending 0",
    "Preparing 0",
    "Shadowing 0",
    "Shadowing 0",
    "Shifting 2000",
    "Baking 2000",
  ]);
  expect(view.mirror).toMatchObject({ isOn: false, stoppedBecause: "" });
});

test("a shadow that fails where the baseline answers is stopped, and nothing follows before a person looks", async () => {
  await post("/v1/rollouts/weights/abort", {});
  await until(
    () => viewOf("weights"),
    ({ phase }) => phase === "Aborted",
  );
  await post("/v1/rollouts", FAILING);
  await until(() => viewOf("failing"), isMirrored);
  await until(
    () => get("/v1/gateways"),
    (views) => JSON.stringify(views).includes("Synced"),
  );
  for (let session = 1; session <= 14; session += 1) await say(`failing-${session}`, { "x-break": "1" });
  const stopped = await until(
    () => viewOf("failing"),
    ({ mirror }) => mirror !== null && !mirror.isOn && mirror.compared?.isRejected === true,
  );
  expect(stopped.mirror?.stoppedBecause).toMatch(
    /^in 1\d of 1\d mirrored sessions only the shadow failed, in 0 only the baseline$/,
  );
  expect(stopped.mirror?.compared?.failures).toMatchObject({ onlyBaseline: 0 });
  expect(stopped).toMatchObject({ phase: "Shadowing", reason: stopped.mirror?.stoppedBecause });
  expect(stopped.timeline.at(-1)).toMatchObject({ actor: "controller" });
});

test("a file that does not block side effects is refused at its line, and odd questions for pairs too", async () => {
  const refused = problemSchema.parse(await post("/v1/rollouts", SHADOW.replace(" sideEffects: block,", "")));
  expect(refused.error.problems).toEqual([
    {
      message: expect.stringContaining("found nothing, expected block: what is mirrored must not act on the world"),
      line: 11,
      column: expect.any(Number),
    },
  ]);
  for (const query of ["?limit=0", "?limit=501", "?limit=x", "?before=x"]) {
    expect(problemSchema.parse(await get(`/v1/rollouts/shadow/pairs${query}`)).error.code).toBe("query_malformed");
  }
  expect(problemSchema.parse(await get("/v1/rollouts/none/pairs")).error.code).toBe("unknown_rollout");
});
