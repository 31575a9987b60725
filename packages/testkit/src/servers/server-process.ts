import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export type ServerCommand = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Any answer from here, also one that refuses, says that it is ready. */
  readonly url: string;
};

const READY_AFTER_MS = 60_000;

/** Starts a server and waits until it answers; in return the way to stop it. */
export async function startServerProcess({
  program,
  args,
  env = {},
  url,
}: ServerCommand): Promise<() => Promise<void>> {
  const child = spawn(program, [...args], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
  try {
    await untilReady(child, url);
  } catch (error) {
    await end(child);
    throw error;
  }
  return () => end(child);
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let said = "";
  child.stderr?.on("data", (data: Buffer) => (said = `${said}${data.toString()}`.slice(-2_000)));
  const giveUpAt = Date.now() + READY_AFTER_MS;
  while (Date.now() < giveUpAt && child.exitCode === null) {
    if (await fetch(url).then(isAnswer, () => false)) return;
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} did not answer at ${url}: ${said}`);
}

async function isAnswer(response: Response): Promise<boolean> {
  await response.arrayBuffer();
  return true;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
