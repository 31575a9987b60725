// OTLP/HTTP protobuf into a real server until it has them on disk, and the decoding alone beside that of generated code.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openChdbTraceStore } from "@perch/adapters/clickhouse";
import { parseAgentName, parseSessionId } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { decodeProtobufTraces } from "../apps/server/src/collector/decode-protobuf-traces.ts";
import { protobufEsDecoder, protobufjsDecoder } from "./otlp-peers.ts";
import { createBatches, type Batches } from "./span-batches.ts";
import { rounded } from "./timing.ts";

const MAIN = fileURLToPath(import.meta.resolve("@perch/server/main"));
const SENDERS = 16;
const CLOCK_TICKS_A_SECOND = 100;
const DECODE_MS = 3000;

export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...flags],
    options: { spans: { type: "string", default: "1000000" }, batch: { type: "string", default: "512" } },
  });
  const batches = createBatches(Number(values.batch));
  const data = await mkdtemp(join(tmpdir(), "perch-bench-"));
  try {
    const sent = await ingest(data, batches, Number(values.spans));
    await checkQueryable(data, sent.traceIds);
    const { traceIds: _, ...figures } = sent;
    return {
      bench: "ingest",
      spansABatch: batches.spans,
      bytesABatch: batches.bytes,
      ...figures,
      ...decoding(batches),
    };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function ingest(data: string, batches: Batches, wantedSpans: number) {
  const server = spawn(process.execPath, [MAIN, "--data", data, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const url = await readyUrl(server);
    const send = sender(url);
    for (let index = 0; index < 20; index += 1) await send(batches.next().body);
    const cpuBefore = cpuSecondsOf(server);
    const startedAt = performance.now();
    const traceIds: string[] = [];
    const count = Math.ceil(wantedSpans / batches.spans);
    const work = async (): Promise<void> => {
      while (traceIds.length < count) {
        const { body, traceId } = batches.next();
        traceIds.push(traceId);
        await send(body);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, work));
    const seconds = (performance.now() - startedAt) / 1000;
    const spans = count * batches.spans;
    const cpuSeconds = cpuSecondsOf(server) - cpuBefore;
    return {
      spans,
      spansPerSecond: Math.round(spans / seconds),
      cpuSecondsPerMillion: rounded((cpuSeconds / spans) * 1e6, 2),
      /** What the server could do with one core to itself. */
      spansPerCpuSecond: Math.round(spans / cpuSeconds),
      peakMb: peakMbOf(server),
      traceIds,
    };
  } finally {
    const gone = once(server, "exit");
    server.kill("SIGTERM");
    await gone;
  }
}

async function readyUrl(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("found no standard output of the server");
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const ready: unknown = JSON.parse(String(line));
  return String(Reflect.get(Object(ready), "url"));
}

/** Waits as long as it is told when the server is busy, as exporters do. */
function sender(url: string): (body: Buffer) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const headers = { "content-type": "application/x-protobuf" };
  const once = (body: Buffer): Promise<{ status: number; waitMs: number }> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (answer) => {
        const waitMs = Number(answer.headers["retry-after"] ?? 0) * 1000;
        answer.resume().once("end", () => resolve({ status: answer.statusCode ?? 0, waitMs }));
      });
      sent.once("error", reject);
      sent.end(body);
    });
  return async (body) => {
    for (;;) {
      const { status, waitMs } = await once(body);
      if (status === 200) return;
      if (waitMs === 0) throw new Error(`found the answer ${status}, expected 200`);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };
}

/** Of a sample of what was acknowledged. */
async function checkQueryable(data: string, traceIds: readonly string[]): Promise<void> {
  const traces = await openChdbTraceStore({ directory: join(data, "server", "chdb") });
  try {
    const sample = traceIds.filter((_, index) => index % Math.ceil(traceIds.length / 50) === 0);
    const session = parseSessionId("bench");
    await traces.store.appendTurns(sample.map((traceId) => aTurnRecord({ id: traceId, traceId, session })));
    const [evidence] = await traces.store.evidenceOf([{ agent: parseAgentName("support"), session }]);
    const found = new Set(evidence?.spans.map(({ traceId }) => traceId));
    const missing = sample.filter((traceId) => !found.has(traceId));
    if (missing.length > 0) throw new Error(`found no spans of ${missing.length} acknowledged traces, expected all`);
  } finally {
    await traces.close();
  }
}

/** CPU microseconds a span. */
function decoding(batches: Batches) {
  const { body } = batches.next();
  const cost = (decode: (bytes: Uint8Array) => unknown): number => {
    const until = performance.now() + DECODE_MS;
    for (let index = 0; index < 20; index += 1) decode(body);
    const before = process.cpuUsage();
    let rounds = 0;
    for (; performance.now() < until; rounds += 1) decode(body);
    const { user, system } = process.cpuUsage(before);
    return rounded((user + system) / (rounds * batches.spans), 2);
  };
  return {
    decodeUsPerSpan: cost(decodeProtobufTraces),
    protobufEsDecodeUsPerSpan: cost(protobufEsDecoder()),
    protobufjsDecodeUsPerSpan: cost(protobufjsDecoder()),
  };
}

/** User and system time of all its threads: the 14th and 15th field of its stat file. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND;
}

function peakMbOf({ pid }: ChildProcess): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
