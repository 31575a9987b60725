import { Worker } from "node:worker_threads";

/**
 * Writes a WAL database's log into its file beside the event loop. That waits for the disk, some milliseconds to some
 * tenths of a second; without this, the commit that happens to fill the log does it, and everybody waits with it.
 * Needs `openGatewayDatabase`, which leaves it to this thread. `onFault` hears when the thread ends early: then the log is
 * written by commits again, only later.
 */
export function startCheckpointer(file: string, onFault: (error: unknown) => void): { stop(): Promise<void> } {
  const worker = new Worker(new URL("./checkpoint-worker.ts", import.meta.url), { workerData: file });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.once("error", onFault);
  return {
    async stop() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows do
      worker.postMessage("stop");
      await ended;
    },
  };
}
