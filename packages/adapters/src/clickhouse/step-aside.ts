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
  return await giveEngine(
    Math.min(constants.priority.PRIORITY_LOW, getPriority() + constants.priority.PRIORITY_BELOW_NORMAL),
  );
}

/**
 * Takes that back, where the process may: one that ends waits for the engine's threads, which on a busy machine may not be let
 * run for a long time otherwise.
 */
export async function letEngineKeepUp(): Promise<void> {
  await giveEngine(getPriority());
}

async function giveEngine(priority: number): Promise<number> {
  const threads = await readdir(THREADS).catch(() => []);
  const names = await Promise.all(threads.map((id) => nameOf(id)));
  const ofEngine = threads.filter((_, index) => ENGINE_THREADS.has(names[index] ?? ""));
  for (const id of ofEngine) give(Number(id), priority);
  return ofEngine.length;
}

/** Empty when the thread is gone by now. */
async function nameOf(id: string): Promise<string> {
  const name = await readFile(`${THREADS}/${id}/comm`, "utf8").catch(() => "");
  return name.trim();
}

function give(thread: number, priority: number): void {
  try {
    setPriority(thread, priority);
  } catch {
    // It ended meanwhile, or may not be touched: then it goes on as before.
  }
}
