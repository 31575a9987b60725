import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The last table on disk, as the server sent it: what a gateway starts with when the server is down. */
export type TableFile = {
  /** Null when there is none. */
  read(): Promise<string | null>;
  /**
   * When it returns, a reader finds the whole new table, also after `kill -9`; before, the whole old one. It does not wait
   * for the disk, which would hold up every rollback by tens of milliseconds: a table read from disk gives no session to
   * the canary until the server has spoken, and one that a loss of power left unreadable is as good as none. Nor does it
   * leave the event loop: on a busy machine every way through Node's threads and back costs more than the writing does.
   */
  write(json: string): void;
};

export function createTableFile(directory: string): TableFile {
  const path = join(directory, "table.json");
  return {
    async read() {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
        throw error;
      }
    },
    write(json) {
      // A name of its own: gateways that share the directory write at the same moment.
      const draft = `${path}.${randomUUID()}`;
      try {
        writeFileSync(draft, json);
        renameSync(draft, path);
      } catch (error) {
        rmSync(draft, { force: true });
        throw error;
      }
    },
  };
}
