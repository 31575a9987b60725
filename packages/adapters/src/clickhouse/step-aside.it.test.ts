import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { constants, getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openChdbTraceStore } from "./open-chdb.ts";

/** Names of this process's threads that have a lower priority than its own. */
async function threadsAside(): Promise<readonly string[]> {
  const aside: string[] = [];
  for (const id of await readdir("/proc/self/task")) {
    const name = await readFile(`/proc/self/task/${id}/comm`, "utf8").catch(() => "");
    if (name !== "" && getPriority(Number(id)) > getPriority()) aside.push(name.trim());
  }
  return aside;
}

/** Whether this process may take a lower priority back. */
function mayTakeBack(): boolean {
  return process.getuid?.() === 0;
}

test.skipIf(process.platform !== "linux" || getPriority() === constants.priority.PRIORITY_LOW)(
  "merges and queries of the embedded engine step aside for the process that decides, and nothing else does",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "perch-aside-"));
    const before = await threadsAside();
    const traces = await openChdbTraceStore({ directory });
    try {
      const aside = await threadsAside();
      expect(before).toEqual([]);
      expect(aside).toContain("MergeMutate");
      expect(aside.filter((name) => /node|V8Worker|libuv|MainThread/.test(name))).toEqual([]);
    } finally {
      await traces.close();
      await rm(directory, { recursive: true });
    }
    // The process's end waits for them.
    if (mayTakeBack()) expect(await threadsAside()).toEqual([]);
  },
);
