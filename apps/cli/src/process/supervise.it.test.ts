import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { supervise, type SuperviseOptions, type Supervised } from "./supervise.ts";

let folder = "";
let running: Supervised[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perch-supervise-"));
});
afterEach(async () => {
  await Promise.all(running.map((process) => process.stop()));
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

const LISTENS = `
  const server = require("node:http").createServer((_, answer) => answer.end(String(process.pid)));
  server.listen(Number(process.argv[2]), "127.0.0.1", () =>
    console.log(JSON.stringify({ ready: true, url: "http://127.0.0.1:" + server.address().port })));
  process.on("SIGTERM", () => process.exit(0));`;
const GIVES_UP = `
  console.error(JSON.stringify({ level: "error", message: "port 1 is taken", hint: "choose another" }));
  process.exit(1);`;

function optionsFor(program: string): SuperviseOptions {
  const file = join(folder, "program.cjs");
  writeFileSync(file, program);
  return {
    name: "program",
    command: process.execPath,
    args: (port) => [file, String(port)],
    port: 0,
    logFile: join(folder, "program.log"),
    pidFile: join(folder, "program.pid"),
  };
}

test("a process that is killed comes back on the port it had", async () => {
  const supervised = await supervise(optionsFor(LISTENS));
  running = [supervised];
  const first = await (await fetch(supervised.url)).text();
  process.kill(Number(first), "SIGKILL");
  const second = await vi.waitFor(async () => (await fetch(supervised.url)).text(), { timeout: 30_000, interval: 100 });
  expect(second).not.toBe(first);
  expect(supervised.restarts()).toBe(1);
  await vi.waitFor(() => expect(readFileSync(join(folder, "program.pid"), "utf8").trim()).toBe(second), 20_000);
});

test("a process that cannot start is reported in its own words", async () => {
  await expect(supervise(optionsFor(GIVES_UP))).rejects.toMatchObject({
    code: "start_failed",
    message: "program did not start: port 1 is taken",
    hint: "choose another",
  });
});

test("a process that was stopped stays stopped", async () => {
  const supervised = await supervise(optionsFor(LISTENS));
  await supervised.stop();
  await new Promise((resolve) => setTimeout(resolve, 600));
  await expect(fetch(supervised.url)).rejects.toThrow();
  expect(supervised.restarts()).toBe(0);
});
