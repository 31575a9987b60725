import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import { endChild } from "../process/end-child.ts";
import { startChild } from "../process/start-child.ts";

export type AgentProcess = {
  readonly pid: number;
  /** Resolves with a few words on how it ended. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL for one that does not listen. */
  stop(): Promise<void>;
};

export type AgentProcessOptions = {
  readonly label: string;
  readonly directory: string;
  readonly entrypoint: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly readyTimeoutMs: number;
  /** Each line that the agent writes, to stdout or stderr. */
  readonly onLine: (line: string) => void;
};

const PROBE_EVERY_MS = 50;
const PROBE_TIMEOUT_MS = 2_000;
const KILL_AFTER_MS = 10_000;
const LAST_LINES = 15;

/** Starts an agent and waits until it answers `GET /healthz`. Throws `CliError` `deployment_failed` with its last words. */
export async function startAgentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const child = startChild(process.execPath, [options.entrypoint], { cwd: options.directory, env: options.env });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lastLines.push(line);
      if (lastLines.length > LAST_LINES) lastLines.shift();
      options.onLine(line);
    });
  }
  const agent = { pid: child.pid ?? 0, ended: endOf(child), stop: () => endChild(child, KILL_AFTER_MS) };
  const failure = await waitUntilHealthy(options, agent.ended);
  if (failure === null) return agent;
  await agent.stop();
  throw new CliError({
    code: "deployment_failed",
    message: [`${options.label} ${failure}`, ...lastLines.map((line) => `  | ${line}`)].join("\n"),
    hint: "the agent must listen on PORT and answer GET /healthz with 200; its last lines are above",
  });
}

/** Null once it is healthy, else what went wrong. */
async function waitUntilHealthy(options: AgentProcessOptions, ended: Promise<string>): Promise<string | null> {
  const deadline = Date.now() + options.readyTimeoutMs;
  let end: string | null = null;
  void ended.then((how) => (end = how));
  let answer = "did not accept a connection";
  while (Date.now() < deadline) {
    const status = await probe(options.port);
    // The exit is told apart from its port being answered by somebody else.
    if (end !== null) return `ended with ${String(end)} before it was ready`;
    if (status === 200) return null;
    if (status !== null) answer = `answered GET /healthz with ${status}`;
    await sleep(PROBE_EVERY_MS);
  }
  return `${answer} within ${options.readyTimeoutMs / 1000} s`;
}

async function probe(port: number): Promise<number | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}

// "close" comes after the last line was read, "exit" may come before.
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
