import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startDeployment, type Deployment } from "../deploy/start-deployment.ts";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));
const SHOP = `openapi: 3.0.3
info: { title: Shop, version: "1" }
security: [{ shopKey: [] }]
paths:
  /orders/{orderId}:
    get:
      operationId: getOrder
      summary: Finds an order
      parameters: [{ name: orderId, in: path, required: true, schema: { type: string } }]
      responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
components: { schemas: { Order: { type: object, properties: { id: { type: string } } } } }
`;

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-init-"));
  await writeFile(join(scratch, "shop.yaml"), SHOP);
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function perch(...args: readonly string[]): Ran {
  const ran = spawnSync(process.execPath, [PERCH, ...args], { cwd: scratch, env: { ...process.env, NO_COLOR: "1" } });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

describe("from nothing to an answer of the deployed agent", () => {
  const modelCalls: ModelCall[] = [];
  const spans: Span[] = [];
  const lines: string[] = [];
  const servers: Server[] = [];
  let deployment: Deployment;

  beforeAll(async () => {
    const model = await listen(servers, (body, response) => answerAsModel(body, response, modelCalls));
    const perchServer = await listen(servers, (body, response, path) => {
      if (path === "/v1/traces") spans.push(...spansOf(body));
      const view = { agent: "helper", release: { digest: "d", version: "1.0.0" }, url: "u", registeredAt: 1 };
      response.setHeader("content-type", "application/json").end(JSON.stringify(view));
    });
    const who = "--name helper --version 1.0.0 --model acme/small-1 --tools-from-openapi shop.yaml --json".split(" ");
    const made = perch("init", "helper", ...who, "--prompt", "Be brief.");
    expect(made).toMatchObject({ code: 0, err: "" });
    for (const step of [
      ["release", "build", "helper"],
      ["key", "generate", "--out", "keys/"],
      ["key", "trust", "keys/perch.pub"],
      ["release", "sign", "helper@1.0.0", "--key", "keys/perch.key"],
    ]) {
      expect(perch(...step)).toMatchObject({ code: 0, err: "" });
    }
    deployment = await startDeployment({
      reference: "helper@1.0.0",
      serverUrl: perchServer,
      dataDirectory: join(scratch, ".perch"),
      env: { OPENAI_BASE_URL: `${model}/v1/`, OPENAI_API_KEY: "k-1", OPENAI_MODEL: "" },
      onLine: (line) => lines.push(line),
    });
  });
  afterAll(async () => {
    await deployment.stop();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${deployment.url}${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers,
    });

  async function chat(sessionId: string, message: string, headers: Record<string, string> = {}) {
    const response = await post("/chat", { sessionId, message }, headers);
    const data = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
    const events = data.map((line) => chatEvent.parse(JSON.parse(line.slice("data: ".length))));
    return { response, events, text: events.map(({ delta }) => delta ?? "").join("") };
  }

  test("an answer streams, made from the release's prompt, model and tools", async () => {
    const { response, events, text } = await chat("s-1", "Hello");
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(response.headers.get("x-agent-version")).toBe("1.0.0");
    expect(text).toBe("You said 1 thing, the last: Hello ✓");
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)).toEqual({ done: true, escalated: false });
    expect(modelCalls.at(-1)).toMatchObject({
      model: "small-1",
      stream: true,
      messages: [
        { role: "system", content: "Be brief.\n" },
        { role: "user", content: "Hello" },
      ],
      tools: [
        { function: { name: "escalate_to_human" } },
        { function: { name: "getOrder", description: "Finds an order" } },
      ],
    });
  });

  test("a session remembers what was said until it is ended, and another knows nothing of it", async () => {
    await chat("s-memory", "One");
    expect((await chat("s-memory", "Two")).text).toContain("2 things");
    expect((await chat("s-other", "Two")).text).toContain("1 thing");
    const ended = await post("/chat/end", { sessionId: "s-memory" });
    expect([ended.status, ended.headers.get("x-perch-session-end")]).toEqual([204, "1"]);
    expect((await chat("s-memory", "Three")).text).toContain("1 thing");
  });

  test("a tool without an implementation tells the model so, and leaves a failed span with the gateway's marks", async () => {
    const traceId = "ab".repeat(16);
    const headers = {
      traceparent: `00-${traceId}-00000000000000f1-01`,
      baggage: "perch.session.id=s%2D2,perch.arm=canary,secret=x",
    };
    const { text } = await chat("s-2", "use getOrder", headers);
    expect(text).toContain("the tool getOrder has no implementation yet");
    await expect.poll(() => spans.filter((span) => span.traceId === traceId)).toHaveLength(4);
    const tool = spans.find((span) => span.traceId === traceId && span.name === "execute_tool getOrder");
    expect(tool).toMatchObject({ status: { code: 2 } });
    expect(attributesOf(tool)).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "getOrder",
      "perch.session.id": "s-2",
      "perch.arm": "canary",
    });
    expect(attributesOf(tool)).not.toHaveProperty("secret");
    const turn = spans.find((span) => span.traceId === traceId && span.name === "invoke_agent helper");
    expect(turn).toMatchObject({ parentSpanId: "00000000000000f1" });
    expect(turn?.spanId).toBe(tool?.parentSpanId);
  });

  test("a hand-over counts as one from then on, and is in the log for a person to find", async () => {
    const { events } = await chat("s-3", "use escalate_to_human");
    expect(events.at(-1)).toEqual({ done: true, escalated: true });
    expect((await chat("s-3", "Bye")).events.at(-1)).toEqual({ done: true, escalated: true });
    expect(lines.filter((line) => line.includes("a person is asked to take over"))).toHaveLength(1);
  });

  test("a tool that the release does not have, or arguments that are none, are the model's to correct", async () => {
    expect((await chat("s-4", "use rm")).text).toContain('there is no tool \\"rm\\"');
    expect((await chat("s-4", "use escalate_to_human badly")).text).toContain("no JSON object");
  });

  test("a model that never stops calling tools has to answer in the end", async () => {
    expect((await chat("s-5", "use getOrder for ever")).text).toContain("enough");
  });

  test.each([
    ["text that is no JSON", "/chat", "{", 400, "body_not_json"],
    ["a list", "/chat", "[]", 400, "body_invalid"],
    ["no message", "/chat", { sessionId: "s" }, 400, "body_invalid"],
    ["an empty message", "/chat", { sessionId: "s", message: " " }, 400, "body_invalid"],
    ["what every object inherits", "/chat", '{"__proto__":{"sessionId":"s","message":"m"}}', 400, "body_invalid"],
    ["a number for a session", "/chat/end", { sessionId: 7 }, 400, "body_invalid"],
    ["a body beyond the limit", "/chat", "x".repeat(70_000), 413, "body_too_large"],
    ["an unknown path", "/chats", {}, 404, "not_found"],
  ])("%s gets a problem, with what to do", async (...[, path, body, status, code]) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { code, message: expect.any(String), hint: expect.any(String) } });
  });

  test("a second message while the first is being answered is refused", async () => {
    const first = chat("s-6", "slowly");
    await expect.poll(() => modelCalls.at(-1)?.messages.at(-1)?.content).toBe("slowly");
    expect((await post("/chat", { sessionId: "s-6", message: "Hello?" })).status).toBe(409);
    expect((await first).text).toContain("slowly");
  });

  test.each(["fail", "empty", "error", "nonsense"])("a model that gives no answer (%s) gives 502", async (how) => {
    const { response } = await chat("s-7", how);
    expect(response.status).toBe(502);
  });

  test("a model that breaks off leaves an error and no end, and the message may be sent again", async () => {
    const { events } = await chat("s-8", "cut");
    expect(events.at(-1)).toMatchObject({ error: { code: "model_failed" } });
    expect((await chat("s-8", "Hello")).text).toContain("1 thing");
  });
});

describe("perch init", () => {
  test("says what it made, what it left out and what comes next", () => {
    const ran = perch("init", "said", "--yes", "--tools-from-openapi", "shop.yaml", "--tool-auth-ref", "env:TOKEN");
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("made said@0.1.0 in said");
    expect(ran.out).toContain("perch release build said");
    expect(ran.err).toContain("note: imported tools do nothing yet");
  });

  test("never writes the header down that it sends to an MCP server", async () => {
    const ran = perch(
      "init",
      "mcp",
      "--yes",
      "--tools-from-mcp",
      "http://127.0.0.1:9/",
      "--mcp-header",
      "Authorization: Bearer tk",
    );
    expect(ran).toMatchObject({ code: 1, out: "", err: expect.stringContaining("found no list of tools") });
    expect(ran.err).not.toContain("Bearer tk");
    expect(await readdir(scratch)).not.toContain("mcp");
  });

  test("takes the framework from a project, and asks for a choice where there are several", async () => {
    await mkdir(join(scratch, "project"), { recursive: true });
    const dependencies = { "@langchain/langgraph": "^1.0.0" };
    await writeFile(join(scratch, "project", "package.json"), JSON.stringify({ dependencies }));
    await writeFile(
      join(scratch, "project", "package-lock.json"),
      '{"packages":{"node_modules/@langchain/langgraph":{"version":"1.0.7"}}}',
    );
    const made = perch("init", "graph", "--yes", "--from-project", "project", "--json");
    expect(JSON.parse(made.out)).toMatchObject({ framework: { name: "@langchain/langgraph", version: "1.0.7" } });
    await writeFile(join(scratch, "project", "requirements.txt"), "crewai==1.1.0\n");
    expect(perch("init", "graph2", "--yes", "--from-project", "project")).toMatchObject({
      code: 1,
      err: expect.stringContaining("@langchain/langgraph@1.0.7, crewai@1.1.0"),
    });
    expect(perch("init", "graph3", "--yes", "--from-project", "shop.yaml").err).toContain(
      "found no directory shop.yaml",
    );
  });

  test("wraps a program that is there already", async () => {
    await mkdir(join(scratch, "mine", "src"), { recursive: true });
    await writeFile(join(scratch, "mine", "src", "start.mjs"), "");
    const program = ["--orchestration-dir", "src/", "--entrypoint", "start.mjs", "--framework", "ai@7.0.0"];
    expect(perch("init", "mine", "--yes", ...program).code).toBe(0);
    expect((await readdir(join(scratch, "mine"))).sort()).toEqual(
      [".gitignore", "README.md", "agent.schema.json", "agent.yaml", "prompts", "rollout.yaml", "src"].sort(),
    );
    expect(perch("release", "build", "mine").code).toBe(0);
  });

  test.each([
    ["outside", ["--orchestration-dir", "../mine/src", "--entrypoint", "start.mjs"], "paths inside"],
    ["the directory itself", ["--orchestration-dir", ".", "--entrypoint", "x"], "the agent's own directory"],
    ["nowhere", ["--orchestration-dir", "src", "--entrypoint", "x.mjs"], "found no file src/x.mjs"],
    ["half named", ["--entrypoint", "x.mjs"], "both or neither"],
    ["of a framework without a version", ["--framework", "ai"], "expected NAME@VERSION"],
  ])("a program that is %s is refused, and nothing is written", async (_, flags, words) => {
    const ran = perch("init", "refused", "--yes", ...flags);
    expect(ran.code).not.toBe(0);
    expect(ran.err).toContain(words);
    expect((await readdir(scratch)).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  test("what a release would refuse is refused with its place, and nothing is written", async () => {
    const secret = SHOP.replace("schema: { type: string }", "schema: { const: AKIAABCDEFGHIJKLMNOP }");
    await writeFile(join(scratch, "secret.yaml"), secret);
    const ran = perch("init", "leaky", "--yes", "--tools-from-openapi", "secret.yaml");
    expect(ran).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("the parameters of GET /orders/{orderId}"),
    });
    expect(ran.err).toContain("properties.orderId.const");
    expect(ran.err).not.toContain("AKIA");
    expect((await readdir(scratch)).filter((name) => name.startsWith("leaky"))).toEqual([]);
  });

  test("never overwrites, and says what is in the way", async () => {
    await mkdir(join(scratch, "full"));
    await writeFile(join(scratch, "full", "README.md"), "mine");
    const ran = perch("init", "full", "--yes");
    expect(ran).toMatchObject({ code: 1, out: "", err: expect.stringContaining("  README.md\n") });
    expect(await readdir(join(scratch, "full"))).toEqual(["README.md"]);
    expect(perch("init", "full", "--yes", "--force").code).toBe(0);
    expect(await readFile(join(scratch, "full", "README.md"), "utf8")).toContain("# full");
  });

  test("without a terminal wants every answer, or to be told to take the defaults", () => {
    expect(perch("init", "asked")).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  });
});

const chatEvent = z.looseObject({ delta: z.string().optional() });
const modelCall = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string(), content: z.string().nullable() })),
  tool_choice: z.string(),
});
type ModelCall = z.infer<typeof modelCall>;
const span = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(z.looseObject({ key: z.string(), value: z.looseObject({ stringValue: z.string().optional() }) })),
});
type Span = z.infer<typeof span>;
const traces = z.looseObject({
  resourceSpans: z.array(z.looseObject({ scopeSpans: z.array(z.looseObject({ spans: z.array(span) })) })),
});

function spansOf(body: string): readonly Span[] {
  const { resourceSpans } = traces.parse(JSON.parse(body));
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

function attributesOf(found: Span | undefined): Record<string, string | undefined> {
  return Object.fromEntries((found?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]));
}

type Answer = (body: string, response: ServerResponse, path: string) => unknown;

async function listen(servers: Server[], answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => void answer(body, response, request.url ?? ""));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

const BROKEN_ANSWERS = new Map([
  ["nonsense", "data: {\n\n"],
  ["error", 'data: {"error":{"message":"overloaded"}}\n\n'],
]);

/** A model that does what the last message says, and streams in awkward pieces. */
async function answerAsModel(body: string, response: ServerResponse, calls: ModelCall[]): Promise<void> {
  const call = modelCall.parse(JSON.parse(body));
  calls.push(call);
  const last = saidIn(call).at(-1) ?? "";
  if (last === "fail") return void response.writeHead(500).end("out of order");
  const broken = BROKEN_ANSWERS.get(last);
  if (broken !== undefined) return void response.end(broken);
  if (last === "slowly") await new Promise((resolve) => setTimeout(resolve, 500));
  const { deltas, reason } = toolCallFor(call, last) ?? textFor(call, last);
  for (const delta of last === "empty" ? [] : deltas) writeInPieces(response, { choices: [{ delta }] });
  if (last === "cut") return void response.end();
  writeInPieces(response, { choices: [{ delta: {}, finish_reason: reason }] });
  writeInPieces(response, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } });
  response.end("data: [DONE]\n\n");
}

type Planned = { readonly deltas: readonly unknown[]; readonly reason: string };

function saidIn({ messages }: ModelCall): readonly string[] {
  return messages.filter(({ role }) => role === "user").map(({ content }) => content ?? "");
}

function toolCallFor({ messages, tool_choice: choice }: ModelCall, last: string): Planned | null {
  const [, name, how] = /^use (\S+) ?(.*)$/.exec(last) ?? [];
  const isItsTurn = messages.at(-1)?.role === "user" || how === "for ever";
  if (name === undefined || choice !== "auto" || !isItsTurn) return null;
  return { deltas: toolCallDeltas(name, how === "badly"), reason: "tool_calls" };
}

function textFor(call: ModelCall, last: string): Planned {
  const result = call.messages.at(-1);
  const heard = result?.role === "tool" ? (result.content ?? "") : last;
  const { length } = saidIn(call);
  const start = call.tool_choice === "none" ? "enough! " : "";
  const words = [`${start}You said ${length} thing${length === 1 ? "" : "s"}, `, `the last: ${heard} ✓`];
  return { deltas: words.map((content) => ({ content })), reason: "stop" };
}

function toolCallDeltas(name: string, isMalformed: boolean): readonly unknown[] {
  const pieces = isMalformed ? ["[1"] : ['{"orderId":', '"7","reason":"asked"}'];
  return [
    { role: "assistant", tool_calls: [{ index: 0, id: "call_1", function: { name, arguments: "" } }] },
    ...pieces.map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
  ];
}

/** Cut in the middle of a character or of a line's end, wherever that falls. */
function writeInPieces(response: ServerResponse, event: unknown): void {
  const bytes = Buffer.from(`: comment\r\ndata: ${JSON.stringify(event)}\r\n\r\n`);
  for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
}
