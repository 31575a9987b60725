import { openChdbTraceStore } from "@perch/adapters/clickhouse";
import { parseAgentName, parseSessionId } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { Client, credentials } from "@grpc/grpc-js";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aTraceRequest } from "./collector/__fixtures__/trace-request.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const SPANS_A_BATCH = 20;
const KEY = { agent: parseAgentName("support"), session: parseSessionId("session-1") };

let data = "";
let child: ChildProcess | null = null;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "perch-durable-"));
});
afterEach(async () => {
  await kill();
  rmSync(data, { recursive: true, force: true });
});

async function startServer(): Promise<{ url: string; otlpGrpcUrl: string }> {
  const args = [MAIN, "--data", data, "--port", "0", "--otlp-grpc-port", "0"];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  if (child.stdout === null) throw new Error("no stdout");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return JSON.parse(String(line)) as { url: string; otlpGrpcUrl: string };
}

async function kill(): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function batchOf(traceId: string): Uint8Array {
  const spanIds = Array.from({ length: SPANS_A_BATCH }, (_, index) => (index + 1).toString(16).padStart(16, "0"));
  return aTraceRequest(...spanIds.map((spanId) => ({ traceId, spanId })));
}

/** A way to send: resolves to whether the batch was acknowledged. */
type Send = (batch: Uint8Array) => Promise<boolean>;

function overGrpc(url: string): Send {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  const asIs = (value: Buffer): Buffer => value;
  const method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  return (batch) =>
    new Promise((resolve) => {
      client.makeUnaryRequest(method, asIs, asIs, Buffer.from(batch), (error) => resolve(error === null));
    });
}

function overHttp(url: string): Send {
  const headers = { "content-type": "application/x-protobuf" };
  return async (batch) => {
    const sent = fetch(`${url}/v1/traces`, { method: "POST", headers, body: new Uint8Array(batch) });
    return await sent.then(
      ({ ok }) => ok,
      () => false,
    );
  };
}

/** Eight senders at once, until the first batch of each that fails: the trace ids of those that were acknowledged. */
async function sendUntilKilled(send: Send, whenAcknowledged: (soFar: number) => void): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  let next = 0;
  const sender = async (): Promise<void> => {
    for (;;) {
      next += 1;
      const traceId = next.toString(16).padStart(32, "0");
      if (!(await send(batchOf(traceId)))) return;
      acknowledged.push(traceId);
      whenAcknowledged(acknowledged.length);
    }
  };
  await Promise.all(Array.from({ length: 8 }, sender));
  return acknowledged;
}

async function spansKept(traceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const traces = await openChdbTraceStore({ directory: join(data, "server", "chdb") });
  try {
    await traces.store.appendTurns(traceIds.map((traceId) => aTurnRecord({ id: traceId, traceId })));
    const [evidence] = await traces.store.evidenceOf([KEY]);
    const groups = Map.groupBy(evidence?.spans ?? [], ({ traceId }) => traceId);
    return new Map([...groups].map(([traceId, spans]) => [traceId, spans.length]));
  } finally {
    await traces.close();
  }
}

test.each([
  ["gRPC", ({ otlpGrpcUrl }: { otlpGrpcUrl: string }) => overGrpc(otlpGrpcUrl)],
  ["HTTP", ({ url }: { url: string }) => overHttp(url)],
])("after kill -9 every batch that was acknowledged over %s is there whole", async (_name, connect) => {
  const send = connect(await startServer());
  const acknowledged = await sendUntilKilled(send, (soFar) => {
    if (soFar === 60) void kill();
  });
  await kill();
  expect(acknowledged.length).toBeGreaterThanOrEqual(60);
  const kept = await spansKept(acknowledged);
  expect(acknowledged.filter((traceId) => kept.get(traceId) !== SPANS_A_BATCH)).toEqual([]);
});
