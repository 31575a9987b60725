import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatRevision, parseRevision } from "@perch/api";
import { compareRevisions, type Revision } from "@perch/domain";

/** The last table on disk, as the server sent it: what a gateway starts with when the server is down. */
export type TableFile = {
  /** The newest; null when there is none. */
  read(): string | null;
  /**
   * When it returns, a reader finds the whole new table, also after `kill -9`; before, the whole old one. It does not wait
   * for the disk, which would hold up every rollback by tens of milliseconds: a table read from disk gives no session to
   * the canary until the server has spoken, and one that a loss of power left unreadable is as good as none.
   */
  write(revision: Revision, json: string): void;
};

export function createTableFile(directory: string): TableFile {
  const pathOf = (revision: Revision): string => join(directory, `table-${formatRevision(revision)}.json`);
  return {
    read() {
      const newest = revisionsIn(directory).at(-1);
      return newest === undefined ? null : readFileSync(pathOf(newest), "utf8");
    },
    write(revision, json) {
      const path = pathOf(revision);
      // Gateways that share the directory write the same at the same moment. A loss of power may have left it empty.
      if (!existsSync(path) || readFileSync(path, "utf8") !== json) put(path, json);
      for (const other of revisionsIn(directory)) {
        if (compareRevisions(other, revision) < 0) rmSync(pathOf(other), { force: true });
      }
    },
  };
}

/**
 * Each revision is a file of its own: ext4 begins to write out the data whenever a file takes another's place, which takes
 * milliseconds on a busy machine, and nothing else of this does. So it need not leave the event loop, either.
 */
function put(path: string, json: string): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, json);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The newest last. */
function revisionsIn(directory: string): Revision[] {
  return readdirSync(directory)
    .flatMap((name) => parseRevision(/^table-(.*)\.json$/.exec(name)?.[1] ?? "") ?? [])
    .toSorted(compareRevisions);
}
