import { spawn, type ChildProcess } from "node:child_process";
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
  /** As an operator would. */
  stop(): Promise<void>;
};

const READY_AFTER_MS = 60_000;
const LINES_KEPT = 40;

export function createProcess({ name, args, env = {}, onLog = () => {} }: ProcessCommand): RunningProcess {
  let child: ChildProcess | null = null;
  let isWanted = false;
  const lines: string[] = [];

  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    isWanted = false;
    const ending = child;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await gone;
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

function parseLine(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}
