import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { newDataDirectory, pidOf, runPerchInTest, waitFor } from "./run-perch.ts";

const data = newDataDirectory();
afterAll(() => rmSync(data, { recursive: true, force: true }));

test("Ctrl-C in a terminal stops server and gateway once, in order, and leaves nothing behind", async () => {
  const run = runPerchInTest(["up", "--data", data, "--port", "0", "--gateway-port", "0", "--json"]);
  await waitFor("perch up", () => (run.stdout().includes("\n") ? true : null), { run, timeoutMs: 120_000 });
  const pids = ["server", "gateway"].map((name) => pidOf(data, name));
  // A terminal sends the signal to the whole group, and npm passes it on once more.
  process.kill(-Number(run.process.pid), "SIGINT");
  run.process.kill("SIGINT");
  expect(await run.ended).toBe(0);
  expect(run.stderr()).not.toMatch(/starting it again/);
  expect(pids.map(isAlive)).toEqual([false, false]);

  const again = runPerchInTest(["up", "--data", data, "--port", "0", "--gateway-port", "0", "--json"]);
  await waitFor("perch up again", () => (again.stdout().includes("\n") ? true : null), {
    run: again,
    timeoutMs: 120_000,
  });
  again.process.kill("SIGTERM");
  expect(await again.ended).toBe(0);
});

function isAlive(pid: number | null): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
