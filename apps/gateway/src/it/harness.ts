import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type {
  MoveRecordMessage,
  MoveReport,
  RoutingTableMessage,
  ShadowTurnMessage,
  TurnBatch,
  TurnMessage,
} from "@perch/api";

const closers: (() => Promise<void> | void)[] = [];

/** Ends everything that a test began, the last first. */
export async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export function onCleanUp(close: () => Promise<void> | void): void {
  closers.push(close);
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "perch-gateway-"));
  closers.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until something holds, or fails with what was last seen. */
export async function until<Seen>(look: () => Seen | Promise<Seen>, holds: (seen: Seen) => boolean): Promise<Seen> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain; last seen: ${JSON.stringify(seen)?.slice(0, 2000)}`);
    await delay(10);
  }
}

async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<{ server: Server; url: string; port: number; close: () => Promise<void> }> {
  const server = createServer(handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : 0;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  closers.push(close);
  return { server, url: `http://127.0.0.1:${bound}`, port: bound, close };
}

export type FakeAgent = { readonly url: string; close(): Promise<void> };

export async function startAgent(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeAgent> {
  return await serve(handle);
}

export async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks).toString();
}

export type FakeServer = {
  readonly url: string;
  readonly acks: { gateway: string; sequence: number; receivedAt: number }[];
  /** Every record as often as it was posted. */
  readonly posted: TurnMessage[];
  /** The assignments among the records; all others are in `posted`. */
  readonly assigned: TurnMessage[];
  /** What became of mirrored turns. */
  readonly shadowTurns: ShadowTurnMessage[];
  /** The moves of sessions among them. */
  readonly moved: MoveRecordMessage[];
  /** The last report of each gateway. */
  readonly reports: Map<string, MoveReport>;
  /** What `POST /v1/turns` answers; the record counts as posted only with 200. */
  answerTurns: (turns: TurnBatch["turns"]) => number;
  /** False: no more leases, on open streams either. */
  renewsLeases: boolean;
  publish(table: RoutingTableMessage): number;
  close(): Promise<void>;
};

function noteReport({ url }: IncomingMessage, body: MoveReport, { reports }: FakeServer): boolean {
  const [, , , gateway, what] = (url ?? "").split("/");
  if (gateway === undefined || what !== "moves") return false;
  reports.set(gateway, body);
  return true;
}

function keep(records: TurnBatch["turns"], { posted, assigned, moved, shadowTurns }: FakeServer): void {
  for (const record of records) {
    if (record.kind === "move") moved.push(record);
    else if (record.kind === "shadow") shadowTurns.push(record);
    else (record.kind === "assignment" ? assigned : posted).push(record);
  }
}

/** What the gateway needs of a server: the stream of tables, acknowledgements, turn records. */
export async function startServer(options: { leaseEveryMs?: number; port?: number } = {}): Promise<FakeServer> {
  const streams = new Set<ServerResponse>();
  let table: RoutingTableMessage | null = null;
  const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const fake: FakeServer = {
    url: "",
    acks: [],
    posted: [],
    assigned: [],
    shadowTurns: [],
    moved: [],
    reports: new Map(),
    answerTurns: () => 200,
    renewsLeases: true,
    publish(next) {
      table = next;
      for (const stream of streams) stream.write(event("table", next));
      return performance.now();
    },
    close: async () => await listening.close(),
  };
  const listening = await serve((request, response) => {
    const gateway = request.url?.split("/")[3] ?? "";
    if (request.url?.endsWith("/table")) {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      streams.add(response);
      response.on("close", () => streams.delete(response));
      if (table !== null) response.write(event("table", table));
      return;
    }
    void readAll(request).then((text) => {
      const body = JSON.parse(text);
      const isAck = request.url?.endsWith("/acks") === true;
      if (isAck) fake.acks.push({ gateway, sequence: body.revision.sequence, receivedAt: performance.now() });
      if (isAck || noteReport(request, body, fake)) {
        response.end("{}");
        return;
      }
      const status = fake.answerTurns(body.turns);
      if (status === 200) keep(body.turns, fake);
      response.writeHead(status).end(JSON.stringify({ accepted: body.turns.length }));
    });
  }, options.port);
  const lease = setInterval(() => {
    if (table === null || !fake.renewsLeases) return;
    for (const stream of streams) stream.write(event("lease", table.revision));
  }, options.leaseEveryMs ?? 100);
  closers.push(() => clearInterval(lease));
  return Object.assign(fake, { url: listening.url });
}

export type Gateway = {
  readonly url: string;
  readonly id: string;
  /** The names of all processes that serve. */
  readonly workers: readonly string[];
  readonly pid: number;
  log(): string;
  stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null>;
};

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Runs the gateway's real process; throws with its words when it ends before it is ready. */
export async function startGateway(args: readonly string[]): Promise<Gateway> {
  const child = spawn(process.execPath, [MAIN, "--port", "0", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const stop = async (signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null> => {
    child.kill(signal);
    return await exited;
  };
  closers.push(async () => {
    await stop("SIGKILL");
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), exited.then(() => ({ done: true as const, value: undefined }))]);
  if (first.done === true) throw new Error(log);
  const ready = JSON.parse(first.value);
  const workers = ready.workers ?? [ready.gateway];
  return { url: ready.url, id: ready.gateway, workers, pid: child.pid ?? 0, log: () => log, stop };
}

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
};

export type Call = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
};

export async function call(url: string, { method, headers, body }: Call = {}): Promise<Answer> {
  const response = await open(url, {
    ...(method === undefined ? {} : { method }),
    ...(headers && { headers }),
    ...(body && { body }),
  });
  return { status: response.statusCode ?? 0, headers: response.headers, text: await readAll(response) };
}

/** Resolves with the answer's beginning. */
export function open(url: string, { method, headers, body }: Call = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      url,
      { method: method ?? (body === undefined ? "GET" : "POST"), headers: { ...headers }, agent: false },
      resolve,
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
