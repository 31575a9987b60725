import type { ChildProcess } from "node:child_process";
import { createWriteStream, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { CliError } from "../cli-error.ts";
import { endChild } from "./end-child.ts";
import { startChild } from "./start-child.ts";

/** A child process that announced where it listens, and is started again on the same port when it dies. */
export type Supervised = {
  readonly name: string;
  readonly url: string;
  /** Null while it is down. */
  pid(): number | null;
  /** Times it was started again after an unexpected end. */
  restarts(): number;
  /** SIGTERM, and SIGKILL after `killAfterMs`. Resolves when it is gone. */
  stop(): Promise<void>;
};

export type SuperviseOptions = {
  readonly name: string;
  readonly command: string;
  /** The arguments; `port` is 0 at the first start unless a port was asked for, later the port it had. */
  readonly args: (port: number) => readonly string[];
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Where its standard error goes. */
  readonly logFile: string;
  /** Holds its process id while it runs. */
  readonly pidFile: string;
  /** Default: two minutes. */
  readonly readyTimeoutMs?: number;
  readonly onEvent?: (text: string) => void;
};

/** Opening the stores after a crash takes its time on a busy machine, and whoever is stopped in it has to begin again. */
const READY_TIMEOUT_MS = 120_000;
const RESTART_DELAY_MS = 250;
const MOST_RESTARTS_A_MINUTE = 10;
const KILL_AFTER_MS = 15_000;

/**
 * Starts a process whose first line on stdout is `{"ready":true,"url":…}`. Throws `CliError` `start_failed` with the
 * process's own words when the first start fails; later ends are repaired by starting it again.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const log = createWriteStream(options.logFile, { flags: "a" });
  const first = await start(options, log, options.port);
  const port = Number(new URL(first.url).port);
  let child: ChildProcess | null = first.child;
  let isStopping = false;
  let restarts: readonly number[] = [];

  function watch(current: ChildProcess): void {
    child = current;
    current.once("exit", (code, signal) => {
      child = null;
      if (isStopping) return;
      options.onEvent?.(`${options.name} ended (${signal ?? `exit code ${code}`}); starting it again on port ${port}`);
      setTimeout(() => void restart(), RESTART_DELAY_MS);
    });
  }

  async function restart(): Promise<void> {
    if (isStopping) return;
    restarts = [...restarts, Date.now()];
    if (restarts.filter((at) => at > Date.now() - 60_000).length > MOST_RESTARTS_A_MINUTE) {
      options.onEvent?.(`${options.name} keeps ending; giving up, see ${options.logFile}`);
      return;
    }
    try {
      const next = await start(options, log, port);
      watch(next.child);
      if (isStopping) await endChild(next.child, KILL_AFTER_MS);
      else options.onEvent?.(`${options.name} is back at ${next.url}`);
    } catch (error) {
      options.onEvent?.(error instanceof Error ? error.message : String(error));
      setTimeout(() => void restart(), RESTART_DELAY_MS);
    }
  }

  watch(first.child);
  return {
    name: options.name,
    url: first.url,
    pid: () => child?.pid ?? null,
    restarts: () => restarts.length,
    async stop() {
      isStopping = true;
      if (child !== null) await endChild(child, KILL_AFTER_MS);
      rmSync(options.pidFile, { force: true });
      log.end();
    },
  };
}

async function start(
  options: SuperviseOptions,
  log: NodeJS.WritableStream,
  port: number,
): Promise<{ child: ChildProcess; url: string }> {
  const child = startChild(options.command, options.args(port), { env: { ...process.env, ...options.env } });
  const lastWords: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    log.write(chunk);
    lastWords.push(chunk.toString());
    if (lastWords.length > 20) lastWords.shift();
  });
  try {
    const url = await readyUrl(child, options.readyTimeoutMs ?? READY_TIMEOUT_MS);
    writeFileSync(options.pidFile, `${child.pid}\n`);
    return { child, url };
  } catch (error) {
    await endChild(child, KILL_AFTER_MS);
    throw startFailure(options, lastWords.join(""), error);
  }
}

function readyUrl(child: ChildProcess, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it did not become ready within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`));
    });
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      const url = parseReadyLine(line);
      if (url === null) reject(new Error(`its first line was ${JSON.stringify(line.slice(0, 200))}`));
      else resolve(url);
    });
  });
}

function parseReadyLine(line: string): string | null {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== "object" || message === null || !("url" in message)) return null;
    return typeof message.url === "string" ? message.url : null;
  } catch {
    return null;
  }
}

function startFailure(options: SuperviseOptions, lastWords: string, cause: unknown): CliError {
  const said = lastProblem(lastWords);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CliError({
    code: "start_failed",
    message: `${options.name} did not start: ${said?.message ?? reason}`,
    hint: said?.hint ?? `see ${options.logFile}`,
    cause,
  });
}

/** The last JSON log line that has a message: a process's own reason for ending. */
function lastProblem(text: string): { message: string; hint: string | null } | null {
  for (const line of text.split("\n").reverse()) {
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry === "object" && entry !== null && "message" in entry) {
        const hint = "hint" in entry && typeof entry.hint === "string" ? entry.hint : null;
        return { message: String(entry.message), hint };
      }
    } catch {
      // Not a log line of ours: keep looking further up.
    }
  }
  return null;
}
