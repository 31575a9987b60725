import { Agent, get, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  call,
  cleanUp,
  open,
  readAll,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { rawClient } from "./raw-client.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

type Handler = Parameters<typeof startAgent>[0];
type Setting = { readonly gateway: Gateway; readonly server: FakeServer; readonly chat: string };

async function before(handler: Handler, args: readonly string[] = [], weightBp?: number): Promise<Setting> {
  const agent = await startAgent(handler);
  const server = await startServer();
  const split = weightBp === undefined ? {} : { weightBp, canary: [agent.url] };
  server.publish(tableOf({ sequence: 1, baseline: [agent.url], ...split }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url, ...args]);
  await until(
    () => new Set(server.acks.map((ack) => ack.gateway)).size,
    (count) => count === gateway.workers.length,
  );
  return { gateway, server, chat: `${gateway.url}/support/chat` };
}

async function isStopping(gateway: Gateway): Promise<void> {
  await until(
    () => gateway.log(),
    (log) => log.includes("stopping"),
  );
}

test("told to stop, a gateway finishes streams and slow answers, takes no new connections and closes idle ones", async () => {
  const finish: (() => void)[] = [];
  const { gateway, chat } = await before((request, response) => {
    if (request.url === "/chat/idle") {
      response.end("done");
      return;
    }
    if (request.url === "/chat/stream")
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    finish.push(() => response.end("the end"));
  });
  const idle = rawClient(gateway.url, "GET /support/chat/idle HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(idle.text, (text) => text.endsWith("done"));
  const stream = await open(`${chat}/stream`);
  const slow = rawClient(gateway.url, "GET /support/chat/slow HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(
    () => finish.length,
    (count) => count === 2,
  );
  const stopped = gateway.stop("SIGTERM");
  await isStopping(gateway);
  await idle.ended;
  await expect(call(chat)).rejects.toThrow();
  await delay(300);
  for (const end of finish) end();
  expect(await readAll(stream)).toBe("data: 1\n\nthe end");
  await slow.ended;
  expect(slow.text()).toMatch(/\r\nconnection: close\r\n[^]*the end/);
  expect(await stopped).toBe(0);
});

test("what is not done by the end of --drain is cut, and recorded as it is", async () => {
  const { gateway, server, chat } = await before(
    (_request, response) => void response.write("for ever"),
    ["--drain", "0.5"],
  );
  const answer = await open(chat);
  const startedAt = performance.now();
  const stopped = gateway.stop("SIGTERM");
  await expect(readAll(answer)).rejects.toThrow();
  expect(performance.now() - startedAt).toBeGreaterThan(400);
  expect(await stopped).toBe(0);
  expect(server.posted).toMatchObject([{ status: 200, fault: "client_aborted" }]);
});

test("a second signal ends the process at once", async () => {
  const { gateway, chat } = await before((_request, response) => void response.write("for ever"));
  const answer = await open(chat);
  answer.on("error", () => {});
  const stopped = gateway.stop("SIGTERM");
  await isStopping(gateway);
  void gateway.stop("SIGINT");
  expect(await stopped).toBe(130);
});

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `session-${index}`);

/** Each on a connection of its own, so that the operating system spreads them over the workers. */
async function releasesOf(chat: string, sessions: readonly string[]): Promise<unknown[]> {
  const releases: unknown[] = [];
  for (const session of sessions) {
    const answer = await call(chat, { headers: { "x-session-id": session } });
    releases.push(answer.headers["x-perch-release"]);
  }
  return releases;
}

test("workers share port, pins and table; one that dies is started again under its name, and no session moves", async () => {
  const { gateway, server, chat } = await before((_request, response) => response.end("ok"), ["--workers", "2"], 5000);
  expect(gateway.workers).toEqual([`${gateway.id}-1`, `${gateway.id}-2`]);
  const sessions = names(60);
  const first = await releasesOf(chat, sessions);
  expect(new Set(first).size).toBe(2);
  expect(await releasesOf(chat, sessions)).toEqual(first);
  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 120,
  );
  expect(new Set(turns.map((turn) => turn.gateway))).toEqual(new Set(gateway.workers));

  const acks = server.acks.length;
  process.kill(await pidOfWorker(gateway));
  await until(
    () => server.acks.slice(acks).map((ack) => ack.gateway),
    (again) => again.length === 1 && gateway.workers.includes(again[0] ?? ""),
  );
  expect(await releasesOf(chat, sessions)).toEqual(first);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  await expect(call(chat)).rejects.toThrow();
});

/** One of the children of the parent. */
async function pidOfWorker(gateway: Gateway): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const children = await readFile(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}

test("workers finish their streams when the parent is told to stop, and when it is killed", async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    let finish = (): void => {};
    const { gateway, chat } = await before(
      (_request, response) => {
        response.write("begin,");
        finish = () => response.end("end");
      },
      ["--workers", "2"],
    );
    const answer = await open(chat);
    const stopped = gateway.stop(signal);
    await until(
      () =>
        call(`${gateway.url}/-/healthz`).then(
          () => true,
          () => false,
        ),
      (isTaken) => !isTaken,
    );
    finish();
    expect(await readAll(answer)).toBe("begin,end");
    await stopped;
  }
});

test("a worker that cannot start ends the parent's start with its reason", async () => {
  const first = await startGateway(["--data", temporaryDirectory()]);
  const { port } = new URL(first.url);
  const start = startGateway(["--data", temporaryDirectory(), "--workers", "2", "--port", port]);
  await expect(start).rejects.toThrow("worker_failed");
  await expect(start).rejects.toThrow("port_in_use");
});

test("a kept-alive connection is used for many requests, and told when it is the last", async () => {
  const answers: (() => void)[] = [];
  const { gateway, chat } = await before((_request, response) => void answers.push(() => response.end("ok")));
  const isAsked = (times: number) =>
    until(
      () => answers.length,
      (count) => count === times,
    );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (): Promise<IncomingMessage> =>
    await new Promise((resolve, reject) =>
      get(chat, { agent, headers: { "x-session-id": "s" } }, resolve).on("error", reject),
    );
  const asked = ask();
  await isAsked(1);
  answers[0]?.();
  const first = await asked;
  expect([await readAll(first), first.headers.connection]).toEqual(["ok", undefined]);
  const last = ask();
  await isAsked(2);
  const stopped = gateway.stop("SIGTERM");
  await isStopping(gateway);
  answers[1]?.();
  expect((await last).headers.connection).toBe("close");
  await readAll(await last);
  expect(await stopped).toBe(0);
});
