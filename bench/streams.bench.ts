// Ten thousand streams of server-sent events through one gateway process while weights change, beside nginx and no proxy.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "@perch/testkit/servers";
import { startControlServer, type ControlServer } from "./control-server.ts";
import { openFilesLimit, pinSelf, residentBytes, startPinned, type Pinned } from "./processes.ts";
import { startGateway, startNginx, tableOf } from "./proxies.ts";
import { rounded } from "./timing.ts";

const MEASURED_CORE = 0;
const OTHER_CORE = 1;
const OPEN_FILES = 65_536;
const SPARE_FILES = 500;
const SETTLE_MS = 3000;
const SECONDS = 20;

/** Each proxy holds all streams for itself, one after the other. */
export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...flags],
    options: { streams: { type: "string", default: "10000" }, changes: { type: "string", default: "100" } },
  });
  const scratch = await mkdtemp(join(tmpdir(), "perch-bench-"));
  const closers: (() => Promise<void>)[] = [() => rm(scratch, { recursive: true, force: true })];
  try {
    pinSelf(OTHER_CORE);
    const [agent, agentUrl] = await startAgent();
    closers.push(() => agent.stop());
    const control = await startControlServer();
    closers.push(() => control.close());
    // A proxy has two sockets for each stream.
    const wanted = Number(values.streams);
    const streams = Math.min(wanted, Math.floor((openFilesLimit(OPEN_FILES) - SPARE_FILES) / 2));
    const changes = Number(values.changes);
    const gateway = await ofGateway({ scratch, agentUrl, control, streams, changes });
    const nginx = await ofNginx({ scratch, agentUrl, streams });
    const direct = await hold({ url: `${agentUrl}/support/chat`, streams, proxy: null });
    const { cut, bytesPerStream, p50DelayMs, p99DelayMs, events } = gateway;
    // Fewer streams than wanted: this user may not have as many files open.
    const figures = { streams, wanted, bytesPerStream, cut, p99DelayMs, p50DelayMs, events, weightChanges: changes };
    return { bench: "streams", seconds: SECONDS, ...figures, nginx, direct };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function startAgent(): Promise<[Pinned, string]> {
  const script = fileURLToPath(import.meta.resolve("./streams-agent.ts"));
  const agent = startPinned([process.execPath, script], { core: OTHER_CORE, openFiles: OPEN_FILES });
  if (agent.child.stdout === null) throw new Error("found no output of the agent");
  for await (const line of createInterface(agent.child.stdout)) {
    return [agent, `http://127.0.0.1:${JSON.parse(line).port}`];
  }
  throw new Error("the agent ended before it was ready");
}

type Held = {
  readonly bytesPerStream: number;
  readonly cut: number;
  readonly events: number;
  readonly p50DelayMs: number;
  readonly p99DelayMs: number;
};

type Setting = { readonly scratch: string; readonly agentUrl: string; readonly streams: number };

async function ofGateway(
  setting: Setting & { readonly control: ControlServer; readonly changes: number },
): Promise<Held> {
  const { scratch, agentUrl, control, streams, changes } = setting;
  const gateway = await startGateway(scratch, { core: MEASURED_CORE, openFiles: OPEN_FILES, control });
  await control.publish(tableOf(1, agentUrl, 500));
  try {
    return await hold({
      url: gateway.url,
      streams,
      proxy: gateway.process,
      async meanwhile() {
        for (let change = 0; change < changes; change += 1) {
          await control.publish(tableOf(2 + change, agentUrl, (change * 700) % 10_000));
          await delay(((SECONDS - 4) * 1000) / changes);
        }
      },
    });
  } finally {
    await gateway.process.stop();
  }
}

async function ofNginx({ scratch, agentUrl, streams }: Setting): Promise<Held> {
  const port = await freePort();
  const http = `server { listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass ${agentUrl}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 3600s; } }`;
  const options = { core: MEASURED_CORE, openFiles: OPEN_FILES, port };
  const nginx = await startNginx({ name: "streams", scratch, http }, options);
  try {
    return await hold({ url: `http://127.0.0.1:${port}/support/chat`, streams, proxy: nginx });
  } finally {
    await nginx.stop();
  }
}

type Holding = {
  readonly url: string;
  readonly streams: number;
  readonly proxy: Pinned | null;
  readonly meanwhile?: () => Promise<void>;
};

/** Memory is what the proxy has more when all streams have been open for a while than it had before the first. */
async function hold({ url, streams, proxy, meanwhile }: Holding): Promise<Held> {
  const script = fileURLToPath(import.meta.resolve("./streams-clients.ts"));
  const before = proxy === null ? 0 : residentBytes(proxy.pid);
  const command = [process.execPath, script, url, String(streams), String(SECONDS)];
  const clients = startPinned(command, { core: OTHER_CORE, openFiles: OPEN_FILES });
  if (clients.child.stdout === null) throw new Error("found no output of the clients");
  let after = before;
  let measuring: Promise<unknown> = Promise.resolve();
  for await (const line of createInterface(clients.child.stdout)) {
    const said = JSON.parse(line);
    if ("open" in said) {
      measuring = Promise.all([
        meanwhile?.(),
        delay(SETTLE_MS).then(() => (after = proxy === null ? 0 : residentBytes(proxy.pid))),
      ]);
      continue;
    }
    await measuring;
    return {
      bytesPerStream: rounded((after - before) / streams, 0),
      cut: said.cut,
      events: said.events,
      p50DelayMs: rounded(said.p50DelayMs, 2),
      p99DelayMs: rounded(said.p99DelayMs, 2),
    };
  }
  throw new Error("the clients ended before they were done");
}
