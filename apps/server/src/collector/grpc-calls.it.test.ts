import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { parseAgentName, parseSessionId, TelemetryError, type TraceStore } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createHash } from "node:crypto";
import { connect } from "node:http2";
import { request } from "node:http";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Listening } from "../listen.ts";
import { aTraceRequest } from "./__fixtures__/trace-request.ts";
import { createGrpcCalls } from "./grpc-calls.ts";
import { createIngestGate, OPEN_GATE } from "./ingest-gate.ts";
import { createIntake, type Intake } from "./intake.ts";
import { listenGrpc } from "./listen-grpc.ts";

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const aTurn = aTurnRecord();
const KEY = { agent: parseAgentName("support"), session: parseSessionId("session-1") };

let store: TraceStore;
let intake: Intake;
let listening: Listening;
let client: Client;

beforeEach(async () => {
  ({ store } = createMemoryTraceStore());
  await startWith({});
});
afterEach(async () => {
  client.close();
  await listening.close();
});

async function startWith(change: Partial<TraceStore>, gate = OPEN_GATE): Promise<void> {
  intake = createIntake({
    store: { ...store, ...change },
    onShadowTurns: () => undefined,
    assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
    sentiment: { scoreOf: () => 0 },
    now: () => 0,
    maxBodyBytes: 1_000_000,
    gate,
  });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  listening = await listenGrpc(createGrpcCalls(intake, log), { port: 0, hostname: "127.0.0.1" });
  client = new Client(new URL(listening.url).host, credentials.createInsecure());
}

async function restartWith(change: Partial<TraceStore>, gate = OPEN_GATE): Promise<void> {
  client.close();
  await listening.close();
  await startWith(change, gate);
}

type Answer = { readonly response: Buffer | undefined; readonly error: ServiceError | null };

/** One unary call of a real client, compressed by gzip or not. */
function call(method: string, message: Uint8Array, { gzip = false, token = "" } = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const asIs = (value: Buffer): Buffer => value;
    const metadata = new Metadata();
    if (token !== "") metadata.set("authorization", `Bearer ${token}`);
    const caller = gzip
      ? new Client(new URL(listening.url).host, credentials.createInsecure(), {
          "grpc.default_compression_algorithm": 2,
        })
      : client;
    caller.makeUnaryRequest(method, asIs, asIs, Buffer.from(message), metadata, {}, (error, response) => {
      if (gzip) caller.close();
      resolve({ error, response });
    });
  });
}

async function storedSpans() {
  await store.appendTurns([aTurn]);
  return (await store.evidenceOf([KEY]))[0]?.spans ?? [];
}

/** Seconds of the `RetryInfo` in a `google.rpc.Status`; null without one. */
function retrySecondsOf(error: ServiceError | null): number | null {
  const [details] = error?.metadata.get("grpc-status-details-bin") ?? [];
  const detail = fieldOf(Buffer.from(details ?? ""), 3);
  if (detail === null) return null;
  expect(fieldOf(detail, 1)?.toString()).toBe("type.googleapis.com/google.rpc.RetryInfo");
  const delay = fieldOf(fieldOf(detail, 2) ?? Buffer.alloc(0), 1) ?? Buffer.alloc(0);
  const reader = new BinaryReader(delay);
  reader.tag();
  return Number(reader.int64());
}

function fieldOf(message: Uint8Array, wanted: number): Buffer | null {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted) return Buffer.from(reader.bytes());
    reader.skip(wireType, field);
  }
  return null;
}

test("the OpenTelemetry exporter's spans are stored before it hears of success", async () => {
  const exporter = new OTLPTraceExporter({ url: listening.url });
  const idGenerator = { generateTraceId: () => aTurn.traceId, generateSpanId: () => "b7ad6b7169203331" };
  const provider = new BasicTracerProvider({ idGenerator, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "refund" };
  provider.getTracer("gen_ai").startSpan("execute_tool refund", { attributes }).end();
  await provider.forceFlush();
  expect(await storedSpans()).toMatchObject([{ kind: "tool", tool: { name: "refund" } }]);
  await provider.shutdown();
});

test("takes messages that are compressed with gzip", async () => {
  const { error } = await call(TRACES, aTraceRequest({ traceId: aTurn.traceId, padding: 5000 }), { gzip: true });
  expect(error).toBeNull();
  expect(await storedSpans()).toHaveLength(1);
});

test("takes many calls at once over one connection", async () => {
  const spanIds = Array.from({ length: 300 }, (_, index) => (index + 1).toString(16).padStart(16, "0"));
  const calls = spanIds.map((spanId) => call(TRACES, aTraceRequest({ traceId: aTurn.traceId, spanId })));
  expect((await Promise.all(calls)).filter(({ error }) => error !== null)).toEqual([]);
  expect(await storedSpans()).toHaveLength(300);
});

test("a span that cannot be kept is told in partial success, with status OK", async () => {
  const { error, response } = await call(TRACES, aTraceRequest({ traceId: aTurn.traceId, spanId: "00".repeat(8) }));
  expect(error).toBeNull();
  const partial = fieldOf(response ?? Buffer.alloc(0), 1);
  expect([partial?.[0], partial?.[1]]).toEqual([8, 1]);
  expect(partial?.toString()).toContain('span id "0000000000000000"');
});

test("takes logs, and an empty request of either kind", async () => {
  for (const method of [LOGS, TRACES]) {
    expect(await call(method, new Uint8Array())).toMatchObject({ error: null, response: Buffer.alloc(0) });
  }
});

test("metrics are unimplemented, and the answer says what is there", async () => {
  const { error } = await call("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", new Uint8Array());
  expect(error).toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining("TraceService") });
});

test("malformed protobuf is an invalid argument, which no client sends again", async () => {
  const { error } = await call(TRACES, Buffer.from("not protobuf"));
  expect([error?.code, retrySecondsOf(error)]).toEqual([status.INVALID_ARGUMENT, null]);
  expect(intake.counters.failures).toEqual({ payload_malformed: 1 });
});

test("a message over the limit exhausts resources for good, also one that only grows while inflating", async () => {
  const plain = await call(TRACES, Buffer.alloc(3_000_000));
  const bomb = await call(TRACES, Buffer.alloc(3_000_000), { gzip: true });
  for (const { error } of [plain, bomb]) {
    expect([error?.code, retrySecondsOf(error)]).toEqual([status.RESOURCE_EXHAUSTED, null]);
    expect(error?.details).toContain("larger than 1000000 bytes");
  }
  expect((await call(TRACES, aTraceRequest({ traceId: aTurn.traceId }))).error).toBeNull();
});

test.each([
  ["store_busy", 1],
  ["store_failed", 5],
] as const)("on %s the client hears UNAVAILABLE and when to try again", async (code, seconds) => {
  await restartWith({
    appendSpans: async () => {
      throw new TelemetryError({ code, message: "100 % full: ü", hint: "h" });
    },
  });
  const { error } = await call(TRACES, aTraceRequest({ traceId: aTurn.traceId }));
  expect([error?.code, error?.details]).toEqual([status.UNAVAILABLE, "100 % full: ü; h"]);
  expect(retrySecondsOf(error)).toBe(seconds);
});

test("without a token a call is unauthenticated, with one it is limited, and the client hears for how long", async () => {
  const sha256 = createHash("sha256").update("secret").digest("hex");
  const tokens = [{ name: "support", sha256, requestsPerSecond: 1000, bytesPerSecond: 100 }];
  await restartWith({}, createIngestGate({ tokens, isLoopback: true, now: () => 0 }));
  const request = aTraceRequest({ traceId: aTurn.traceId, padding: 3000 });
  expect((await call(TRACES, request)).error?.code).toBe(status.UNAUTHENTICATED);
  expect((await call(TRACES, request, { token: "secret" })).error).toBeNull();
  const { error } = await call(TRACES, request, { token: "secret" });
  expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
  expect(retrySecondsOf(error)).toBeGreaterThan(20);
});

test("a failure of our own is INTERNAL and says nothing of itself", async () => {
  await restartWith({
    appendSpans: async () => {
      throw new Error("a secret path");
    },
  });
  const { error } = await call(TRACES, aTraceRequest({ traceId: aTurn.traceId }));
  expect([error?.code, error?.details]).toEqual([status.INTERNAL, "the server failed; its log says why"]);
});

/** A call written by hand, as no decent client would. */
async function rawCall(headers: Record<string, string>, ...chunks: readonly Uint8Array[]) {
  const session = connect(listening.url);
  const stream = session.request({ ":method": "POST", ":path": TRACES, te: "trailers", ...headers });
  const answered = once(stream, "response");
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  const [answer] = await answered;
  stream.resume();
  session.close();
  return [answer[":status"], answer["grpc-status"]];
}

const GRPC = { "content-type": "application/grpc" };

test.each([
  ["is no gRPC", { headers: { "content-type": "application/json" }, body: "{}", answer: [415, undefined] }],
  ["has no message", { headers: GRPC, body: "", answer: [200, "3"] }],
  ["has half a prefix", { headers: GRPC, body: "\0\0\0", answer: [200, "3"] }],
  ["has a flag of 2", { headers: GRPC, body: "\u0002\0\0\0\0", answer: [200, "3"] }],
  ["is shorter than announced", { headers: GRPC, body: "\0\0\0\0\u0009abc", answer: [200, "3"] }],
  ["has two messages", { headers: GRPC, body: "\0\0\0\0\0\0\0\0\0\0", answer: [200, "3"] }],
  [
    "is compressed by no known name",
    { headers: { ...GRPC, "grpc-encoding": "zstd" }, body: "\u0001\0\0\0\u0001a", answer: [200, "12"] },
  ],
  ["says nothing of its compression", { headers: GRPC, body: "\u0001\0\0\0\u0001a", answer: [200, "12"] }],
  [
    "says gzip and is none",
    { headers: { ...GRPC, "grpc-encoding": "gzip" }, body: "\u0001\0\0\0\u0003abc", answer: [200, "3"] },
  ],
])("a call that %s is refused", async (_what, { headers, body, answer }) => {
  expect(await rawCall(headers, Buffer.from(body, "latin1"))).toEqual(answer);
  expect(await storedSpans()).toEqual([]);
});

test("a message may come in pieces of any size", async () => {
  const packed = gzipSync(aTraceRequest({ traceId: aTurn.traceId }));
  const prefix = Buffer.from([1, 0, 0, 0, packed.length]);
  const bytes = [...prefix, ...packed].map((byte) => Uint8Array.of(byte));
  const session = connect(listening.url);
  const stream = session.request({ ":method": "POST", ":path": TRACES, ...GRPC, "grpc-encoding": "gzip" });
  for (const byte of bytes) {
    stream.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const trailers = once(stream, "trailers");
  stream.end();
  stream.resume();
  expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
  session.close();
  expect(await storedSpans()).toHaveLength(1);
});

test("a sender that hangs up half way leaves nothing behind, and the next is served", async () => {
  const session = connect(listening.url);
  const stream = session.request({ ":method": "POST", ":path": TRACES, ...GRPC });
  stream.on("error", () => undefined);
  stream.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
  await once(session, "connect");
  await new Promise((resolve) => setTimeout(resolve, 20));
  session.destroy();
  expect((await call(TRACES, aTraceRequest({ traceId: aTurn.traceId }))).error).toBeNull();
  expect(await storedSpans()).toHaveLength(1);
});

test("whoever speaks HTTP/1.1 is disconnected, and the next is served", async () => {
  const sent = request({ port: new URL(listening.url).port, host: "127.0.0.1", method: "POST", agent: false });
  const ended = new Promise((resolve) => {
    sent.once("error", resolve);
    sent.once("response", resolve);
  });
  sent.end("{}");
  await ended;
  expect((await call(TRACES, aTraceRequest({ traceId: aTurn.traceId }))).error).toBeNull();
});
