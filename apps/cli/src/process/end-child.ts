import type { ChildProcess } from "node:child_process";

/** Ends a process kindly, and firmly if it is still there after `killAfterMs`. Resolves when it is gone. */
export async function endChild(child: ChildProcess, killAfterMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  child.kill("SIGTERM");
  await gone;
  clearTimeout(timer);
}
