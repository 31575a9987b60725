import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export type Started = {
  readonly url: string;
  /** Ends it by SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
};

const readySchema = z.object({ url: z.string() });

/** Runs one of the apps; it is ready when it says where it listens. Throws with its words when it ends before that. */
export async function startProcess(app: "server" | "gateway", args: readonly string[]): Promise<Started> {
  const main = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4_000)));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), exited.then(() => null)]);
  if (first === null || first.done === true) throw new Error(`${app} ended: ${words}`);
  return {
    url: readySchema.parse(JSON.parse(first.value)).url,
    async stop() {
      child.kill("SIGTERM");
      return await exited;
    },
  };
}
