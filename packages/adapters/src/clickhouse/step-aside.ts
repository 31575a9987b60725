import { readdir, readFile } from "node:fs/promises";
import { constants, getPriority, setPriority } from "node:os";

/** What the engine calls its threads: those of queries, and those that merge, move and clean up on their own. */
const ENGINE_THREADS = new Set([
  "ThreadPool",
  "MergeMutate",
  "Move",
  "Fetch",
  "Common",
  "BgSchPool",
  "BgStrmSchPool",
  "MemoryWorker",
  "PoolDelayExec",
]);

/** Linux takes a thread's id where it takes a process's. */
const THREADS = "/proc/self/task";

/**
 * Gives the embedded engine's threads a lower priority than this process's own: with few cores, a merge would otherwise hold up
 * a rollback. Threads that come later begin with the priority of the one that started them, mostly one of these; call it
 * again now and then for the others. Where there is no Linux, nothing happens. Answers how many threads there are.
 */
export async function letEngineStepAside(): Promise<number> {
  const threads = await readdir(THREADS).catch(() => []);
  const names = await Promise.all(threads.map((id) => nameOf(id)));
  const ofEngine = threads.filter((_, index) => ENGINE_THREADS.has(names[index] ?? ""));
  const aside = Math.min(constants.priority.PRIORITY_LOW, getPriority() + constants.priority.PRIORITY_BELOW_NORMAL);
  for (const id of ofEngine) lower(Number(id), aside);
  return ofEngine.length;
}

/** Empty when the thread is gone by now. */
async function nameOf(id: string): Promise<string> {
  const name = await readFile(`${THREADS}/${id}/comm`, "utf8").catch(() => "");
  return name.trim();
}

function lower(thread: number, priority: number): void {
  try {
    setPriority(thread, priority);
  } catch {
    // It ended meanwhile, or may not be touched: then it competes with us, as it did before.
  }
}
