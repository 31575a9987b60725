import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export type ProcessCommand = {
  readonly name: string;
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
};

/** One of the processes under test, which may be killed and started again. */
export type RunningProcess = {
  /** Resolves with the JSON line that says that it is ready. */
  start(): Promise<Readonly<Record<string, unknown>>>;
  /** As a crash would. */
  kill(): Promise<void>;
  /** As an operator would; one that takes too long is killed, and it is told what it was waiting in. */
  stop(): Promise<void>;
};

const READY_AFTER_MS = 60_000;
const STOPS_WITHIN_MS = 60_000;
const LINES_KEPT = 40;

export function createProcess({ name, args, env = {}, onLog = () => {} }: ProcessCommand): RunningProcess {
  let child: ChildProcess | null = null;
  let isWanted = false;
  const lines: string[] = [];

  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    isWanted = false;
    const ending = child;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    await gone(ending, signal, () => `${name} ${lines.slice(-10).join("\n")}`);
  }

  return {
    async start() {
      isWanted = true;
      const started = spawn(process.execPath, [...args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env },
      });
      child = started;
      createInterface({ input: started.stderr }).on("line", (line) => {
        lines.push(line);
        lines.splice(0, lines.length - LINES_KEPT);
        onLog(line);
      });
      const ready = Promise.withResolvers<string>();
      createInterface({ input: started.stdout }).once("line", ready.resolve);
      const said = (): string => lines.slice(-10).join("\n");
      started.once("exit", (code, signal) => {
        ready.reject(new Error(`${name} ended before it was ready: ${said()}`));
        if (isWanted) process.stderr.write(`${name} ended with ${String(code ?? signal)}: ${said()}\n`);
      });
      const timer = setTimeout(() => ready.reject(new Error(`${name} is not ready: ${said()}`)), READY_AFTER_MS);
      try {
        return parseLine(await ready.promise);
      } finally {
        clearTimeout(timer);
      }
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

/** Resolves when the process has ended, which it is made to if it takes too long. `said`: its name, and what it said last. */
async function gone(child: ChildProcess, signal: "SIGKILL" | "SIGTERM", said: () => string): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const late = setTimeout(() => {
    const threads = threadsOf(child.pid ?? 0);
    process.stderr.write(`killed ${STOPS_WITHIN_MS / 1000} s after ${signal}, with threads ${threads}: ${said()}\n`);
    child.kill("SIGKILL");
  }, STOPS_WITHIN_MS);
  await ended;
  clearTimeout(late);
}

/** On Linux: what each of its threads is called, and where in the kernel it waits. */
function threadsOf(pid: number): string {
  try {
    const threads = `/proc/${pid}/task`;
    const read = (thread: string, what: string): string => readFileSync(`${threads}/${thread}/${what}`, "utf8").trim();
    return readdirSync(threads)
      .map((thread) => `${read(thread, "comm")} in ${read(thread, "wchan")}`)
      .join(", ");
  } catch (error) {
    return `unknown (${error instanceof Error ? error.message : String(error)})`;
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}
