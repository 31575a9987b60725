import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** A server or gateway in a process of its own. */
export type ServerProcess = {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it wrote to stderr by now. */
  readonly log: string[];
};

/** Starts `main` and resolves when its first line says at which URL it listens; throws with its log if it ends before. */
export async function startServerProcess(main: string, args: readonly string[], env = process.env) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const log: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`it ended: ${log.join("")}`)));
    createInterface({ input: child.stdout }).once("line", (line) => resolve(String(JSON.parse(line).url)));
  });
  return { child, url, log } satisfies ServerProcess;
}

export async function postJson(url: string, body: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? null : JSON.parse(text);
}

/** The value as soon as it is reached; throws with the last one after 30 seconds. */
export async function until<T>(read: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (isReached(value)) return value;
    if (Date.now() > giveUpAt) throw new Error(`waited in vain; last seen: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
