import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import {
  parseAgentName,
  parseSessionId,
  TelemetryError,
  type ShadowTurn,
  type Span,
  type TraceStore,
  type TurnRecord,
} from "@perch/domain";
import { aScore, aTurnRecord } from "@perch/testkit";
import { createHash } from "node:crypto";
import { gzipSync, deflateSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { createIngestGate, OPEN_GATE } from "./ingest-gate.ts";
import { createIntake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

const SESSION = parseSessionId("session-1");
const KEY = { agent: parseAgentName("support"), session: SESSION };
const aTurn = aTurnRecord();
const aToolSpan = {
  traceId: aTurn.traceId,
  spanId: "b7ad6b7169203331",
  name: "execute_tool refund",
  startTimeUnixNano: "1795403790892000000",
  endTimeUnixNano: "1795403790893000000",
  attributes: [{ key: "gen_ai.operation.name", value: { stringValue: "execute_tool" } }],
};

let store: TraceStore;
let noted: { turns: TurnRecord[]; shadowTurns: ShadowTurn[]; spans: Span[] };
let collector: ReturnType<typeof createCollectorRoutes>;

beforeEach(() => {
  ({ store } = createMemoryTraceStore());
  noted = { turns: [], shadowTurns: [], spans: [] };
  collector = aCollector();
});

function aCollector(change: Partial<TraceStore> = {}, gate = OPEN_GATE, contentCharacters = 0) {
  return createCollectorRoutes(
    createIntake({
      store: { ...store, ...change },
      assembler: { noteTurns: (turns) => noted.turns.push(...turns), noteSpans: (spans) => noted.spans.push(...spans) },
      onShadowTurns: (turns) => noted.shadowTurns.push(...turns),
      sentiment: { scoreOf: () => 0 },
      now: () => 5000,
      maxBodyBytes: 100_000,
      gate,
      contentCharacters,
    }),
  );
}

function tracesOf(...spans: readonly unknown[]) {
  return { resourceSpans: [{ scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }] };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  return await collector.request(path, {
    method: "POST",
    body: body instanceof Uint8Array ? new Uint8Array(body) : typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

async function evidence() {
  const [found] = await store.evidenceOf([KEY]);
  return found;
}

test("spans are stored before they are answered for, and the assembler hears of them", async () => {
  await store.appendTurns([aTurn]);
  const response = await post("/v1/traces", tracesOf(aToolSpan));
  expect([response.status, await response.json()]).toEqual([200, {}]);
  expect((await evidence())?.spans).toMatchObject([{ kind: "tool", tool: { name: "refund" } }]);
  expect(noted.spans).toHaveLength(1);
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
] as const)("takes bodies compressed with %s", async (encoding, compress) => {
  const response = await post("/v1/traces", compress(JSON.stringify(tracesOf(aToolSpan))), {
    "content-encoding": encoding,
  });
  expect(response.status).toBe(200);
  expect(noted.spans).toHaveLength(1);
});

test("an empty protobuf request is answered by an empty protobuf response", async () => {
  const response = await post("/v1/traces", new Uint8Array(), { "content-type": "application/x-protobuf" });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-protobuf"]);
  expect((await response.arrayBuffer()).byteLength).toBe(0);
});

test("a span that cannot be kept is told in partial success, the others are kept", async () => {
  const response = await post("/v1/traces", tracesOf(aToolSpan, { ...aToolSpan, spanId: "short" }));
  expect(await response.json()).toEqual({
    partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining('span id "short"') },
  });
  expect(noted.spans).toHaveLength(1);
});

test("the gateway's own spans are no step of an agent: taken, not kept, and of no unknown dialect", async () => {
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  const span = {
    ...aToolSpan,
    name: "POST /support",
    kind: 2,
    attributes: [
      text("http.request.method", "POST"),
      text("http.route", "/support"),
      text("perch.session.id", SESSION),
      text("perch.release", aTurn.release),
      text("perch.arm", "canary"),
    ],
  };
  const scopeSpans = [{ scope: { name: "perch.gateway", version: "1" }, spans: [span] }];
  expect((await post("/v1/traces", { resourceSpans: [{ scopeSpans }] })).status).toBe(200);
  expect(noted.spans).toEqual([]);
  const counters = await (await collector.request("/v1/collector")).json();
  expect(counters).toMatchObject({ spansKept: 0, spansUnknown: 0, spansRefused: 0 });
});

test("spans of an unknown dialect are kept as links of their trace without their names, and counted", async () => {
  await post("/v1/traces", tracesOf({ ...aToolSpan, attributes: [] }));
  const scope = { name: "@opentelemetry/instrumentation-http" };
  const aRequest = { ...aToolSpan, spanId: "a".repeat(16), name: "GET /users/7", attributes: [] };
  await post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ scope, spans: [aRequest] }] }] });
  const counters = await (await collector.request("/v1/collector")).json();
  expect(noted.spans.at(-1)).toMatchObject({ kind: "other", dialect: null, name: "span" });
  expect(counters).toMatchObject({ spansKept: 2, spansUnknown: 1, spansRefused: 0 });
});

test.each([
  ["another content type", { "content-type": "text/plain" }],
  ["another compression", { "content-encoding": "br" }],
])("refuses %s with 415", async (_what, headers) => {
  const response = await post("/v1/traces", "{}", headers);
  expect([response.status, await response.json()]).toMatchObject([415, { error: { code: "media_type_unsupported" } }]);
});

test("a content type with a character set is the same content type", async () => {
  expect((await post("/v1/traces", "{}", { "content-type": "application/json; charset=utf-8" })).status).toBe(200);
});

test.each([
  ["no JSON", "{", {}],
  ["JSON of another shape", '{"resourceSpans":{}}', {}],
  ["no gzip", "plain", { "content-encoding": "gzip" }],
  [
    "gzip that breaks off",
    gzipSync(JSON.stringify(tracesOf(aToolSpan))).subarray(0, 40),
    { "content-encoding": "gzip" },
  ],
])("refuses %s with 400", async (_what, body, headers) => {
  const response = await post("/v1/traces", body, headers);
  expect([response.status, await response.json()]).toMatchObject([400, { error: { code: "payload_malformed" } }]);
});

test("malformed protobuf is answered with a google.rpc.Status in protobuf", async () => {
  const response = await post("/v1/traces", "not protobuf", { "content-type": "application/x-protobuf" });
  expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/x-protobuf"]);
  const status = Buffer.from(await response.arrayBuffer());
  // Field 1 (code), varint 3 = INVALID_ARGUMENT.
  expect([status[0], status[1]]).toEqual([8, 3]);
  expect(status.toString()).toContain("not an OTLP protobuf message");
});

test("refuses a body over the limit with 413, also one that only grows while inflating", async () => {
  expect((await post("/v1/traces", " ".repeat(100_001))).status).toBe(413);
  const bomb = gzipSync(Buffer.alloc(5_000_000));
  expect(bomb.byteLength).toBeLessThan(100_000);
  const response = await post("/v1/traces", bomb, { "content-encoding": "gzip" });
  expect([response.status, await response.json()]).toMatchObject([413, { error: { code: "payload_too_large" } }]);
});

test("bodies under way together are bounded, and the room is given back", async () => {
  const body = JSON.stringify(tracesOf(aToolSpan)) + " ".repeat(90_000);
  const statuses = (await Promise.all(Array.from({ length: 8 }, () => post("/v1/traces", body)))).map((r) => r.status);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect((await post("/v1/traces", body)).status).toBe(200);
});

test.each([
  ["store_busy", "1"],
  ["store_failed", "5"],
] as const)("answers 503 and when to try again on %s, and nobody hears of the spans", async (code, seconds) => {
  collector = aCollector({
    appendSpans: async () => {
      throw new TelemetryError({ code, message: "m", hint: "h" });
    },
  });
  const response = await post("/v1/traces", tracesOf(aToolSpan));
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, seconds]);
  expect(noted.spans).toEqual([]);
});

test("turn records are stored, and the assembler hears of them", async () => {
  const response = await post("/v1/turns", { turns: [aTurn] });
  expect([response.status, await response.json()]).toEqual([200, { accepted: 1 }]);
  expect((await evidence())?.turns).toEqual([aTurn]);
  expect(noted.turns).toEqual([aTurn]);
});

test("a batch with a bad turn is refused whole, with every problem", async () => {
  const response = await post("/v1/turns", {
    turns: [aTurn, { ...aTurn, session: "has spaces", release: "latest" }, { ...aTurn, agent: "Über" }],
  });
  const body = await response.json();
  expect(response.status).toBe(400);
  expect(body.error.problems.map((problem: { message: string }) => problem.message.split(":")[0])).toEqual([
    "turns[1].session",
    "turns[1].release",
    "turns[2].agent",
  ]);
  expect((await evidence())?.turns).toEqual([]);
  expect(noted.turns).toEqual([]);
});

test("a turn of another shape is refused with the place of each problem", async () => {
  const response = await post("/v1/turns", { turns: [{ ...aTurn, status: "200", arm: "both" }] });
  const body = await response.json();
  expect(body.error.problems.map((problem: { message: string }) => problem.message.split(":")[0])).toEqual([
    "turns[0].arm",
    "turns[0].status",
  ]);
});

test("scores are stored, as old as their arrival when they carry no time", async () => {
  const response = await post("/v1/scores", { scores: [{ id: "s", session: SESSION, name: "reward", value: 1 }] });
  expect([response.status, await response.json()]).toEqual([200, { accepted: 1 }]);
  expect((await evidence())?.scores).toEqual([
    aScore({ id: "s", session: SESSION, name: "reward", value: 1, at: 5000 }),
  ]);
});

test("an evaluation event is a score; other log records are counted", async () => {
  const attributes = [
    { key: "perch.session.id", value: { stringValue: SESSION } },
    { key: "gen_ai.evaluation.name", value: { stringValue: "reward" } },
    { key: "gen_ai.evaluation.score.value", value: { intValue: "1" } },
  ];
  const logRecords = [
    { eventName: "gen_ai.evaluation.result", timeUnixNano: "7000000", attributes },
    { eventName: "gen_ai.evaluation.result", attributes: attributes.slice(0, 2) },
    { body: { stringValue: "hello" } },
  ];
  const response = await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  expect(await response.json()).toMatchObject({ partialSuccess: { rejectedLogRecords: "1" } });
  expect((await evidence())?.scores).toMatchObject([{ name: "reward", value: 1, at: 7 }]);
  const counters = await (await collector.request("/v1/collector")).json();
  expect(counters).toMatchObject({ scores: 1, logsIgnored: 1, evaluationsRefused: 1 });
});

test("a batch sent twice is accepted twice and counts once", async () => {
  await post("/v1/turns", { turns: [aTurn] });
  expect((await post("/v1/turns", { turns: [aTurn] })).status).toBe(200);
  expect((await evidence())?.turns).toEqual([aTurn]);
});

test("where tokens are asked for, everything but turns needs one, and who sends too much is told when to go on", async () => {
  const sha256 = createHash("sha256").update("secret").digest("hex");
  const tokens = [{ name: "support", sha256, requestsPerSecond: 0.1, bytesPerSecond: 1e6 }];
  collector = aCollector({}, createIngestGate({ tokens, isLoopback: false, now: () => 0 }));
  for (const path of ["/v1/traces", "/v1/logs", "/v1/scores", "/v1/feedback"]) {
    const refused = await post(path, {});
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  }
  expect((await post("/v1/turns", { turns: [aTurn] })).status).toBe(200);
  const authorization = { authorization: "Bearer secret" };
  expect((await post("/v1/traces", tracesOf(aToolSpan), authorization)).status).toBe(200);
  const limited = await post("/v1/traces", tracesOf(aToolSpan), authorization);
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "1"]);
  const counters = await (await collector.request("/v1/collector")).json();
  expect(counters).toMatchObject({
    failures: { unauthenticated: 4, rate_limited: 1 },
    limitedBySender: { support: 1 },
  });
});

test("word that a person took over is kept as a score that counts once, however often it is sent", async () => {
  const body = { agent: "support", reason: "asked for a person", at: 4000 };
  const answers = [];
  for (let time = 0; time < 3; time += 1) answers.push(await post("/v1/sessions/session-1/escalation", body));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  await store.appendTurns([aTurn]);
  expect((await evidence())?.scores).toMatchObject([
    { agent: "support", session: SESSION, name: "perch.escalation", label: "asked for a person", at: 4000 },
  ]);
});

test("an escalation needs no body, and a key of its own makes it another", async () => {
  const bare = await collector.request("/v1/sessions/session-1/escalation", { method: "POST" });
  const empty = await collector.request("/v1/sessions/session-1/escalation", { method: "POST", body: "" });
  expect(empty.status).toBe(200);
  const keyed = await post("/v1/sessions/session-1/escalation", {}, { "idempotency-key": "ticket-7" });
  expect([bare.status, keyed.status]).toEqual([200, 200]);
  await store.appendTurns([aTurn]);
  expect((await evidence())?.scores.map(({ agent, at }) => [agent, at])).toEqual([
    [null, 5000],
    [null, 5000],
  ]);
});

test.each<[string, unknown, string]>([
  ["session%201", {}, "session"],
  ["session-1", { agent: "No Agent!" }, "No Agent!"],
  ["session-1", { resaon: "x" }, "resaon"],
  ["session-1", { at: "now" }, "at: "],
])("an escalation that cannot count is refused with what is wrong: %s %j", async (session, body, telling) => {
  const response = await post(`/v1/sessions/${session}/escalation`, body);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(telling);
  expect(await store.evidenceOf([KEY])).toMatchObject([{ scores: [] }]);
});

const said = { key: "gen_ai.tool.call.arguments", value: { stringValue: '{"order_id":"A-1"}' } };
const aSayingSpan = { ...aToolSpan, attributes: [...aToolSpan.attributes, said] };

test("what spans say is nowhere kept unless somebody asked for it", async () => {
  await store.appendTurns([aTurn]);
  expect((await post("/v1/traces", tracesOf(aSayingSpan))).status).toBe(200);
  expect(await store.contentsOf(aTurn.traceId)).toEqual([]);
  expect(JSON.stringify(await evidence())).not.toContain("A-1");
  const response = await collector.request(`/v1/traces/${aTurn.traceId}/content`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { code: "content_not_kept" } });
});

test("asked for, it is kept up to the limit and can be read by its trace", async () => {
  collector = aCollector({}, OPEN_GATE, 10);
  expect((await post("/v1/traces", tracesOf(aSayingSpan, { ...aToolSpan, spanId: "c".repeat(16) }))).status).toBe(200);
  const response = await collector.request(`/v1/traces/${aTurn.traceId}/content`);
  expect(await response.json()).toMatchObject({
    contents: [{ spanId: aToolSpan.spanId, input: '{"order_id', output: null, isCut: true }],
  });
  expect(await (await collector.request("/v1/collector")).json()).toMatchObject({ spansKept: 2, contentsKept: 1 });
});

test("a batch is acknowledged only once the content that was asked for is durable too", async () => {
  const appendContents = async () => {
    throw new TelemetryError({ code: "store_busy", message: "full", hint: "later" });
  };
  collector = aCollector({ appendContents }, OPEN_GATE, 10);
  expect((await post("/v1/traces", tracesOf(aSayingSpan))).status).toBe(503);
});
