import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const chats: Server[] = [];

afterEach(() => {
  for (const chat of chats.splice(0)) {
    chat.close();
    chat.closeAllConnections();
  }
});

test("customers talk to the chat until they are told to stop, and report what they saw", async () => {
  const target = await startChat(() => 200);
  const { lines, child, ended } = startCustomers(target, ["--rate", "50", "--seed", "3"]);
  await until(() => lines.length >= 2);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(lines[1]).toMatchObject({ at: expect.any(String), ratePerSecond: expect.any(Number), switchedSessions: 0 });
  const last = lines.at(-1);
  expect(last).toMatchObject({ done: true, failed: 0, inFlight: 0, switchedSessions: 0 });
  expect(last?.finished).toBe(last?.started);
  expect(last?.sessionsByVersion).toEqual({ "9.9.9": last?.finished });
});

test("a chat that is away for a moment loses no conversation", async () => {
  let requests = 0;
  const target = await startChat(() => ((requests += 1) % 3 === 0 ? 503 : 200));
  const { lines, ended } = startCustomers(target, ["--rate", "50", "--max-sessions", "20"]);
  expect(await ended).toBe(0);
  expect(lines.at(-1)).toMatchObject({ done: true, started: 20, finished: 20, failed: 0 });
  expect(Number(lines.at(-1)?.retries)).toBeGreaterThan(0);
});

test("a flag that is not usable ends with status 2", async () => {
  const { ended } = startCustomers("nowhere", []);
  expect(await ended).toBe(2);
});

type Line = Readonly<Record<string, unknown>>;

function startCustomers(target: string, flags: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, "--target", target, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines: Line[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const pieces = (rest + text).split("\n");
    rest = pieces.pop() ?? "";
    lines.push(...pieces.map((piece): Line => JSON.parse(piece)));
  });
  return { child, lines, ended: once(child, "close").then(([code]) => Number(code)) };
}

async function startChat(statusOfNext: () => number): Promise<string> {
  const chat = createServer((request, response) => {
    request.resume().once("end", () => {
      const status = statusOfNext();
      response.setHeader("x-agent-version", "9.9.9");
      if (status !== 200) response.writeHead(status).end("{}");
      else if (request.url === "/support/chat/end") response.writeHead(204).end();
      else response.end('data: {"delta":"Hello."}\n\ndata: {"done":true,"escalated":false}\n\n');
    });
  }).listen(0, "127.0.0.1");
  chats.push(chat);
  await once(chat, "listening");
  const { port } = chat.address() as AddressInfo;
  return `http://127.0.0.1:${port}/support`;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}
