import { scorersViewSchema, type ScorersView } from "@perch/api";
import { aTurnRecord } from "@perch/testkit";
import { startHttpServer, type HttpServer } from "@perch/testkit/servers";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const SESSIONS = Array.from({ length: 12 }, (_, index) => `s-${index}`);
const QUESTION = "Where is my order? My card is 4929 0000 0000 6.";

let data = "";
let judge: HttpServer;
let children: ChildProcess[] = [];
let errors = "";
/** Judgements that got out of the judge, by the key under which they were asked for. */
let judged: string[] = [];
let pauseMs = 0;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "perch-scoring-"));
  [children, judged, errors, pauseMs] = [[], [], "", 0];
  judge = await startHttpServer(async ({ headers }, response) => {
    await pause(pauseMs);
    if (response.destroyed) return;
    judged.push(String(headers["idempotency-key"]));
    response.end(JSON.stringify({ scores: [{ name: "helpful", value: 0.9 }], costUsd: 0.001 }));
  });
  writeFileSync(join(data, "secret"), "s3cret\n");
  writeFileSync(join(data, "scorers.yaml"), scorersYaml());
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) await kill(child);
  }
  await judge.stop();
  rmSync(data, { recursive: true, force: true });
});

function scorersYaml(): string {
  return `
apiVersion: perch.dev/v1
kind: Scorers
scorers:
  - name: judge
    version: "1"
    type: http
    url: http://${judge.host}/judge
    scores: [helpful]
    words: send
    timeout: 20s
    concurrency: 3
    auth: { file: secret }
    budget: { callsPerHour: 100, usdPerDay: 1, usdPerCall: 0.01 }
  - { name: mood, type: sentiment }
`;
}

async function startServer(): Promise<{ url: string; child: ChildProcess }> {
  const args = [MAIN, "--data", data, "--port", "0", "--tick", "50", "--lateness", "100"];
  const child = spawn(process.execPath, [...args, "--scorers", join(data, "scorers.yaml")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { url } = JSON.parse(String(line)) as { url: string };
  return { url, child };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}

async function talk(url: string): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const spans = SESSIONS.map((session, index) => ({
    traceId: traceOf(index),
    spanId: "b7ad6b7169203331",
    name: "ai.generateText",
    startTimeUnixNano: "1795403790892000000",
    endTimeUnixNano: "1795403790992000000",
    attributes: [
      text("ai.operationId", "ai.generateText"),
      text("ai.prompt", JSON.stringify({ prompt: QUESTION, messages: [{ role: "user", content: QUESTION }] })),
      text("ai.response.text", "On its way."),
      text("ai.response.finishReason", "stop"),
      text("perch.session.id", session),
    ],
  }));
  await post(`${url}/v1/traces`, { resourceSpans: [{ scopeSpans: [{ scope: { name: "ai" }, spans }] }] });
  const turns = SESSIONS.map((session, index) =>
    aTurnRecordOf(session, { id: `turn-${session}`, traceId: traceOf(index) }),
  );
  await post(`${url}/v1/turns`, { turns });
}

function aTurnRecordOf(session: string, change: { id: string; traceId: string }) {
  return { ...aTurnRecord({ startedAt: Date.now() }), session, endsSession: true, ...change };
}

function traceOf(index: number): string {
  return (index + 1).toString(16).padStart(32, "a");
}

async function scorers(url: string): Promise<ScorersView["scorers"]> {
  return scorersViewSchema.parse(await (await fetch(`${url}/v1/scorers`)).json()).scorers;
}

async function until(isReached: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!(await isReached())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain; the server said: ${errors.slice(-2000)}`);
    await pause(50);
  }
}

test("sessions are judged once each, although the server is killed in the middle of it", async () => {
  pauseMs = 150;
  const first = await startServer();
  await talk(first.url);
  await until(() => judged.length >= 3);
  await kill(first.child);
  const beforeDeath = new Set(judged);
  pauseMs = 0;
  const second = await startServer();
  await until(async () => (await scorers(second.url)).every(({ waiting, scored }) => waiting === 0 && scored === 12));
  expect(new Set(judged).size).toBe(12);
  // Only what was being asked when it died may have been asked twice, and then under the same key.
  const twice = judged.filter((id, index) => judged.indexOf(id) < index);
  expect(twice.length).toBeLessThanOrEqual(3);
  expect(twice.every((id) => beforeDeath.has(id))).toBe(true);
  const [view] = await scorers(second.url);
  expect(view?.lastDay.calls).toBeGreaterThanOrEqual(12);
  expect(view?.unscored).toEqual({});
});

test("the judge gets the words and the secret, the log and the matured session neither", async () => {
  const { url } = await startServer();
  await talk(url);
  await until(async () => (await scorers(url)).every(({ scored }) => scored === 12));
  const [request] = judge.received;
  expect(request?.headers["authorization"]).toBe("Bearer s3cret");
  expect(JSON.parse(request?.body.toString() ?? "{}")).toMatchObject({
    agent: "support",
    turns: [{ user: QUESTION, answer: "On its way.", failed: false }],
  });
  await until(async () => {
    const overview = await (await fetch(`${url}/v1/overview`)).text();
    return (overview.match(/"maturedAt"/g) ?? []).length === 12;
  });
  expect(errors).not.toMatch(/order|4929|s3cret/);
});

test("a file that is wrong is told with line and column, and never with a secret", async () => {
  const wrong = scorersYaml()
    .replace("file: secret", "env: JUDGE, token: s3cret")
    .replace("timeout: 20s", "timeout: 20");
  writeFileSync(join(data, "scorers.yaml"), wrong);
  const child = spawn(process.execPath, [MAIN, "--data", data, "--port", "0", "--scorers", join(data, "scorers.yaml")]);
  children.push(child);
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = await once(child, "exit");
  expect(code).toBe(1);
  expect(errors).toMatch(/scorers\.yaml:11:\d+: .*scorers\[0\]\.timeout/);
  expect(errors).toMatch(/scorers\.yaml:13:\d+: .*token/);
  expect(errors).not.toContain("s3cret");
});
