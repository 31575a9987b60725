import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const PERCH = fileURLToPath(new URL("../apps/cli/bin/perch.js", import.meta.url));
export const SHARED = fileURLToPath(new URL("../../shared/", import.meta.url));

export type Run = {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
};

/** Starts `perch` as a person would, from its entry script. It runs on until it is ended. */
export function runPerch(args: readonly string[]): Run {
  const child = spawn(process.execPath, [PERCH, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** `runPerch` for the test that is running: what is left of it afterwards is ended, however the test went. */
export function runPerchInTest(args: readonly string[]): Run {
  const run = runPerch(args);
  onTestFinished(() => end(run));
  return run;
}

/** Longer than `perch` takes to stop whatever it started. */
const KILL_AFTER_MS = 30_000;

async function end({ process: leader, ended }: Run): Promise<void> {
  const pid = Number(leader.pid);
  const timer = setTimeout(() => process.kill(-pid, "SIGKILL"), KILL_AFTER_MS);
  leader.kill("SIGTERM");
  await ended;
  clearTimeout(timer);
}

/** Polls until `probe` gives something; fails with what was waited for and what the process said. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | null> | T | null,
  options: { run: Run; timeoutMs: number },
): Promise<T> {
  const giveUpAt = Date.now() + options.timeoutMs;
  while (Date.now() < giveUpAt) {
    const found = await probe();
    if (found !== null) return found;
    if (options.run.process.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain for ${what}\n${options.run.stderr().slice(-4_000)}`);
}

export function newDataDirectory(): string {
  return mkdtempSync(join(tmpdir(), "perch-e2e-"));
}

/** The process id that `perch` wrote down for a process of this data directory; null while there is none. */
export function pidOf(data: string, name: string): number | null {
  const file = join(data, "run", `${name}.pid`);
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : null;
}

/** The JSON object on the last line of stdout. */
export function lastJson(run: Run): unknown {
  const line = run.stdout().trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`the last line of stdout is no JSON: ${line.slice(0, 500)}\n${run.stderr().slice(-4_000)}`);
  }
}

export function firstUrl(text: string): string | null {
  return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? null;
}
