import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const CHECK = fileURLToPath(new URL("../check/pins.ts", import.meta.url));
const SESSIONS = 100_000;

test("a hundred thousand sessions stay on their releases under faults, with pins in a file and, if it is installed, on Redis", async () => {
  const args = [CHECK, "--sessions", String(SESSIONS), "--seed", "1"];
  // What it found is on its stderr, with the command that plays the same plan again.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const report: unknown = JSON.parse(stdout.trim().split("\n").at(-1) || "null");
  expect(report, stderr.slice(-20_000)).toMatchObject({ switched: 0, leaked: 0, unexplainedFailures: 0, ok: true });
}, 900_000);
