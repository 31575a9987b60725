import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModelServer } from "@perch/example-scripted-model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { buildAgentDirectories } from "../build.ts";

const RELEASE_DIGEST = `sha256:${"ab".repeat(32)}`;
const specSchema = z.object({
  spec: z.object({
    model: z.unknown(),
    policy: z.unknown(),
    tools: z.array(z.looseObject({ name: z.string(), parameters: z.object({ file: z.string() }) })),
  }),
});

let scratch = "";
let model: Server;
let collector: Server;
let modelUrl = "";
let collectorUrl = "";
let agent: Agent;
const spans: CapturedSpan[] = [];
/** What the model's answers wait for. */
let modelHeld: Promise<void> = Promise.resolve();
let modelCalls = 0;
let abortedModelCalls = 0;

beforeAll(async () => {
  // Outside the repository on purpose: the bundle must run where no node_modules is in reach.
  scratch = await mkdtemp(join(tmpdir(), "support-agent-"));
  await buildAgentDirectories(join(scratch, "agents"));
  const scripted = createModelServer({ chunkDelayMs: 0, now: Date.now });
  model = createServer((request, response) => {
    response.once("close", () => {
      if (!response.writableFinished) abortedModelCalls += 1;
    });
    modelCalls += 1;
    void modelHeld.then(() => scripted.emit("request", request, response));
  });
  collector = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.once("end", () => {
      if (request.url === "/v1/traces") spans.push(...readSpans(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  [modelUrl, collectorUrl] = await Promise.all([listen(model), listen(collector)]);
  agent = await startAgent("2.3.0");
});

afterAll(async () => {
  agent.child.kill("SIGKILL");
  for (const server of [model, collector]) {
    server.close();
    server.closeAllConnections();
  }
  await rm(scratch, { recursive: true, force: true });
});

test("an answer streams as deltas and ends with done", async () => {
  const { response, events } = await chat({ sessionId: "s-stream", message: "Where is my order P-104233?" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(response.headers.get("x-agent-version")).toBe("2.3.0");
  expect(
    events
      .slice(0, -1)
      .map((event) => event.delta)
      .join(""),
  ).toContain("P-104233");
  expect(events.length).toBeGreaterThan(2);
  expect(events.at(-1)).toEqual({ done: true, escalated: false });
});

test("a session remembers what was said, another one does not", async () => {
  await chat({ sessionId: "s-memory", message: "Where is my order P-104233?" });
  const follow = "And what is the delivery status now?";
  expect((await chat({ sessionId: "s-memory", message: follow })).text).toContain("P-104233");
  expect((await chat({ sessionId: "s-other", message: follow })).text).toContain("order number");
});

test("closing the chat tells the gateway that the session is over, and forgets it", async () => {
  await chat({ sessionId: "s-end", message: "Where is my order P-104233?" });
  const response = await post("/chat/end", { sessionId: "s-end" });
  expect(response.status).toBe(204);
  expect(response.headers.get("x-perch-session-end")).toBe("1");
  const { text } = await chat({ sessionId: "s-end", message: "And what is the delivery status now?" });
  expect(text).toContain("order number");
});

test("a handed-over session says so in its last event, from then on", async () => {
  const message = await messageThatEscalates();
  const { events } = await chat({ sessionId: "s-escalate", message });
  expect(events.at(-1)).toEqual({ done: true, escalated: true });
  const later = await chat({ sessionId: "s-escalate", message: "Thanks, bye." });
  expect(later.events.at(-1)).toEqual({ done: true, escalated: true });
});

test("spans join the caller's trace and carry its perch baggage, and nothing else of the baggage", async () => {
  const traceId = "c1".repeat(16);
  await chat({ sessionId: "s-trace", message: "I want a refund for order P-104233." }, gatewayHeaders(traceId));
  const ofTrace = await spansOf(traceId, 6);
  const operations = ofTrace.map((span) => span.attributes["gen_ai.operation.name"]);
  expect(operations).toEqual(expect.arrayContaining(["invoke_agent", "chat", "execute_tool"]));
  for (const span of ofTrace) {
    expect(span.attributes).toMatchObject({
      "perch.release": RELEASE_DIGEST,
      "perch.arm": "canary",
      "perch.session.id": "s-trace",
    });
    expect(span.attributes).not.toHaveProperty("secret");
  }
  expect(ofTrace.find((span) => span.name === "execute_tool lookup_order")?.attributes).toMatchObject({
    "gen_ai.tool.name": "lookup_order",
    "gen_ai.tool.call.arguments": '{"orderId":"P-104233"}',
  });
  const root = ofTrace.find((span) => span.attributes["gen_ai.operation.name"] === "invoke_agent");
  expect(root).toMatchObject({ parentSpanId: "00000000000000f1", service: "support", serviceVersion: "2.3.0" });
  expect(root?.attributes["gen_ai.input.messages"]).toContain("I want a refund");
});

test("a refund that is refused leaves an error on its tool span, and the customer an explanation", async () => {
  const traceId = "c2".repeat(16);
  const message = "I want a refund for order P-100013.";
  const { text } = await chat({ sessionId: "s-refused", message }, gatewayHeaders(traceId));
  expect(text).toContain("above what I may pay out");
  const refund = (await spansOf(traceId, 6)).find((span) => span.name === "execute_tool refund");
  expect(refund).toMatchObject({ isError: true });
});

test("a mirrored request gets the answer that a refund would have had, and pays nothing", async () => {
  const traceId = "c5".repeat(16);
  const headers = { ...gatewayHeaders(traceId, "shadow"), "x-perch-shadow": "1" };
  await chat({ sessionId: "s-shadow", message: "I want a refund for order P-104233." }, headers);
  const refund = (await spansOf(traceId, 6)).find((span) => span.name === "execute_tool refund");
  expect(refund?.attributes).toMatchObject({ "perch.arm": "shadow", "perch.shadow.answered_by": "stub" });
  expect(refund?.attributes["gen_ai.tool.call.result"]).toContain("R-P-104233-rehearsed");
});

test("spans leave out what the release pins already", async () => {
  const traceId = "c3".repeat(16);
  await chat({ sessionId: "s-lean", message: "Where is my order P-104233?" }, gatewayHeaders(traceId));
  for (const span of await spansOf(traceId, 5)) {
    expect(span.attributes).not.toHaveProperty("gen_ai.tool.definitions");
    expect(span.attributes).not.toHaveProperty("gen_ai.system_instructions");
  }
});

/** From here on the model answers nothing; resolves to what lets it, when it has been asked by whoever `begin` makes ask. */
async function holdModel<T>(begin: () => T): Promise<{ readonly begun: T; readonly letGo: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  modelHeld = promise;
  const before = modelCalls;
  const begun = begin();
  await until(() => modelCalls > before);
  return { begun, letGo: resolve };
}

test("a client that leaves takes the model call with it, and the message can be sent again", async () => {
  const before = abortedModelCalls;
  const gone = new AbortController();
  const message = "Where is my order P-104233?";
  const { begun, letGo } = await holdModel(() => ({
    cut: post("/chat", { sessionId: "s-abort", message }, { signal: gone.signal }),
  }));
  gone.abort();
  await expect(begun.cut).rejects.toThrow();
  await until(() => abortedModelCalls > before);
  letGo();
  const { events } = await chat({ sessionId: "s-abort", message: "Where is my order P-104233?" });
  expect(events.at(-1)).toEqual({ done: true, escalated: false });
});

test("a second message while the first is being answered is refused", async () => {
  const { begun, letGo } = await holdModel(() => ({
    first: chat({ sessionId: "s-busy", message: "Where is my order P-104233?" }),
  }));
  const second = await post("/chat", { sessionId: "s-busy", message: "Hello?" });
  letGo();
  expect(second.status).toBe(409);
  expect(await second.json()).toMatchObject({ error: { code: "turn_in_progress" } });
  expect((await begun.first).events.at(-1)).toEqual({ done: true, escalated: false });
});

test.each([
  { sent: "text that is no JSON", body: "{", status: 400, code: "body_not_json" },
  { sent: "a list", body: "[]", status: 400, code: "body_invalid" },
  { sent: "no session id", body: { message: "x" }, status: 400, code: "body_invalid" },
  { sent: "an empty message", body: { sessionId: "s", message: "  " }, status: 400, code: "body_invalid" },
  { sent: "a message that is a number", body: { sessionId: "s", message: 7 }, status: 400, code: "body_invalid" },
  { sent: "a body beyond the limit", body: "x".repeat(70_000), status: 413, code: "body_too_large" },
  { sent: "an end without a session", path: "/chat/end", body: {}, status: 400, code: "body_invalid" },
  { sent: "an unknown path", path: "/chats", body: {}, status: 404, code: "not_found" },
])("$sent gets a problem, with what to do", async ({ path = "/chat", body, status, code }) => {
  const response = await post(path, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: { code, message: expect.any(String), hint: expect.any(String) } });
});

test("a model that is away gives 502 and a problem, not half an answer", async () => {
  const lonely = await startAgent("2.3.0", { OPENAI_BASE_URL: "http://127.0.0.1:9/v1" });
  const response = await post("/chat", { sessionId: "s", message: "Hello" }, { url: lonely.url });
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({ error: { code: "model_failed" } });
  lonely.child.kill("SIGTERM");
  expect(await lonely.ended).toBe(0);
});

test("SIGTERM lets an answer finish, sends its spans and ends with status 0", async () => {
  const leaving = await startAgent("2.3.1");
  const traceId = "c4".repeat(16);
  const body = { sessionId: "s-term", message: "Where is my order P-104233?" };
  const { begun, letGo } = await holdModel(() => ({ answer: chat(body, gatewayHeaders(traceId), leaving.url) }));
  leaving.child.kill("SIGTERM");
  await until(async () => !(await isTaken(leaving.url)));
  letGo();
  expect((await begun.answer).events.at(-1)).toEqual({ done: true, escalated: false });
  expect(await leaving.ended).toBe(0);
  const span = spans.find((candidate) => candidate.traceId === traceId);
  expect(span).toMatchObject({ serviceVersion: "2.3.1" });
});

test("a missing release directory ends with status 1 and says which variable to set", async () => {
  const { ended, errors } = spawnAgent("2.3.0", { PERCH_RELEASE_DIR: join(scratch, "nowhere") });
  expect(await ended).toBe(1);
  expect(errors.join("")).toContain("PERCH_RELEASE_DIR");
});

test("the bundle has the same bytes on every build, and versions differ in the prompt alone", async () => {
  const again = await buildAgentDirectories(join(scratch, "again"));
  const read = (root: string, version: string, file: string) => readFile(join(scratch, root, version, file), "utf8");
  const program = "orchestration/agent.mjs";
  expect(again.map(({ version }) => version)).toEqual(["2.3.0", "2.3.1", "2.3.2"]);
  expect(await read("again", "2.3.0", program)).toBe(await read("agents", "2.3.0", program));
  expect(await read("agents", "2.3.1", program)).toBe(await read("agents", "2.3.0", program));
  const spec = (version: string) => read("agents", version, "agent.yaml");
  expect((await spec("2.3.1")).replace("2.3.1", "2.3.0")).toBe(await spec("2.3.0"));
  const prompts = ["2.3.0", "2.3.1", "2.3.2"].map((version) => read("agents", version, "prompts/system.md"));
  expect(new Set(await Promise.all(prompts)).size).toBe(3);
});

type Agent = { readonly url: string; readonly child: ChildProcess; readonly ended: Promise<number> };

async function startAgent(version: string, environment: NodeJS.ProcessEnv = {}): Promise<Agent> {
  await deploy(version);
  const { child, ended, errors } = spawnAgent(version, environment);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout
      ?.setEncoding("utf8")
      .once("data", (text: string) => resolve(z.object({ url: z.url() }).parse(JSON.parse(text)).url));
    void ended.then((code) => reject(new Error(`the agent ended with ${code}: ${errors.join("")}`)));
  });
  return { url, child, ended };
}

function spawnAgent(version: string, environment: NodeJS.ProcessEnv) {
  const release = join(scratch, "deployed", version);
  const child = spawn(process.execPath, ["agent.mjs"], {
    cwd: join(release, "orchestration"),
    env: {
      PORT: "0",
      PERCH_RELEASE_DIR: release,
      PERCH_VERSION: version,
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OPENAI_BASE_URL: `${modelUrl}/v1`,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  return { child, errors, ended: once(child, "close").then(([code]) => Number(code)) };
}

/** Lays the agent directory out as a deployment does. */
async function deploy(version: string): Promise<void> {
  const source = join(scratch, "agents", version);
  const release = join(scratch, "deployed", version);
  const { spec } = specSchema.parse(parse(await readFile(join(source, "agent.yaml"), "utf8")));
  for (const kind of ["prompt", "tool", "model", "policy"]) {
    await mkdir(join(release, "components", kind), { recursive: true });
  }
  await cp(join(source, "prompts", "system.md"), join(release, "components", "prompt", "system"));
  await cp(join(source, "orchestration"), join(release, "orchestration"), { recursive: true });
  await writeFile(join(release, "components", "model", "model.json"), JSON.stringify(spec.model));
  await writeFile(join(release, "components", "policy", "policy.json"), JSON.stringify(spec.policy));
  for (const tool of spec.tools) {
    const parameters: unknown = JSON.parse(await readFile(join(source, tool.parameters.file), "utf8"));
    await writeFile(join(release, "components", "tool", tool.name), JSON.stringify({ ...tool, parameters }));
  }
}

type ChatEvent = { readonly delta?: string; readonly done?: boolean; readonly escalated?: boolean };

async function chat(body: unknown, headers: Record<string, string> = {}, url = agent.url) {
  const response = await post("/chat", body, { headers, url });
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  const events = lines.map((line): ChatEvent => JSON.parse(line.slice("data: ".length)));
  return { response, events, text: events.map((event) => event.delta ?? "").join("") };
}

type Extras = { readonly headers?: Record<string, string>; readonly signal?: AbortSignal; readonly url?: string };

function post(path: string, body: unknown, { url = agent.url, ...init }: Extras = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${url}${path}`, { method: "POST", body: text, ...init });
}

function gatewayHeaders(traceId: string, arm = "canary"): Record<string, string> {
  return {
    traceparent: `00-${traceId}-00000000000000f1-01`,
    baggage: `perch.release=${RELEASE_DIGEST},perch.arm=${arm},perch.session.id=s-trace,secret=nope`,
  };
}

async function spansOf(traceId: string, atLeast: number): Promise<readonly CapturedSpan[]> {
  const found = () => spans.filter((span) => span.traceId === traceId);
  await until(() => found().length >= atLeast && found().some((span) => span.name.startsWith("invoke_agent")));
  return found();
}

/** Tries order numbers until the scripted model, under this prompt, hands the case over. */
async function messageThatEscalates(): Promise<string> {
  for (let number = 100_000; number < 100_200; number += 1) {
    const message = `I am furious, where is my order P-${number}?`;
    const { events } = await chat({ sessionId: `s-try-${number}`, message });
    if (events.at(-1)?.escalated === true) return message;
  }
  throw new Error("no order number is handed over");
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** Whether somebody takes new connections there. */
async function isTaken(url: string): Promise<boolean> {
  return await fetch(`${url}/healthz`, { headers: { connection: "close" } }).then(
    () => true,
    () => false,
  );
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) throw new Error("waited 30 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

type CapturedSpan = {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly isError: boolean;
  readonly service: unknown;
  readonly serviceVersion: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
};

/** Reads an OTLP `ExportTraceServiceRequest`; the numbers are the field numbers of opentelemetry-proto. */
function readSpans(bytes: Uint8Array): readonly CapturedSpan[] {
  return partsOf(bytes, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(partsOf(resourceSpans, 1), 1);
    return partsOf(resourceSpans, 2)
      .flatMap((scopeSpans) => partsOf(scopeSpans, 2))
      .map((span) => ({
        traceId: hexOf(span, 1),
        parentSpanId: hexOf(span, 4),
        name: textOf(span, 5),
        isError: partsOf(span, 15).some((status) =>
          fieldsOf(status).some(({ field, varint }) => field === 3 && varint === 2),
        ),
        service: resource["service.name"],
        serviceVersion: resource["service.version"],
        attributes: attributesOf([span], 9),
      }));
  });
}

function attributesOf(messages: readonly Uint8Array[], field: number): Readonly<Record<string, unknown>> {
  const pairs = messages.flatMap((message) => partsOf(message, field));
  return Object.fromEntries(
    pairs.map((pair) => [textOf(pair, 1), partsOf(pair, 2).map((value) => textOf(value, 1))[0]]),
  );
}

function textOf(message: Uint8Array, field: number): string {
  return new TextDecoder().decode(partsOf(message, field)[0]);
}

function hexOf(message: Uint8Array, field: number): string {
  return Array.from(partsOf(message, field)[0] ?? [], (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function partsOf(message: Uint8Array, wanted: number): readonly Uint8Array[] {
  return fieldsOf(message).flatMap(({ field, bytes }) => (field === wanted && bytes !== null ? [bytes] : []));
}

type WireField = { readonly field: number; readonly varint: number | null; readonly bytes: Uint8Array | null };

/** The protobuf wire format: a key of field and wire type, then a varint, eight bytes, a length with bytes, or four bytes. */
function fieldsOf(message: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = readVarint();
    const wireType = key & 7;
    if (wireType === 0) {
      fields.push({ field: key >>> 3, varint: readVarint(), bytes: null });
      continue;
    }
    const length = wireType === 2 ? readVarint() : wireType === 1 ? 8 : 4;
    fields.push({ field: key >>> 3, varint: null, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
