import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";

export type PipedChild = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts a process in a group of its own: Ctrl-C in a terminal reaches only perch, which stops what it started in order,
 * instead of everybody at once. It does not outlive perch, whatever ends that, short of `kill -9`.
 */
export function startChild(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): PipedChild {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const endWithPerch = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithPerch);
  child.once("exit", () => process.off("exit", endWithPerch));
  return child;
}
