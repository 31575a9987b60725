import type { createChdbConnection } from "chdb/connection";
import { mkdtempSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Chdb = ReturnType<typeof createChdbConnection>;
type Exec = Chdb["exec"];

/** In a path the engine takes these for a pattern. */
const PATTERN = /[*?{}]/;

let connections = 0;

/**
 * `exec` for rows in binary formats. chDB's own puts rows into the text of the statement, where only text can be; from a
 * file the engine reads any format. The file is gone before the system would write it to a disk. `close` tidies up.
 */
export function execFromFile(chdb: Chdb, directory: string): { readonly exec: Exec; readonly close: () => void } {
  const own = PATTERN.test(directory) ? mkdtempSync(join(tmpdir(), "perch-rows-")) : null;
  // Of one name each time: what a killed process left is written over by the next.
  const file = join(own ?? directory, `rows-${(connections += 1)}`);
  let last: Promise<unknown> = Promise.resolve();

  async function run({ values, query, ...params }: Parameters<Exec>[0] & { values: object }): ReturnType<Exec> {
    try {
      await writeFile(file, values);
      return await chdb.exec({
        ...params,
        query: query.replace(/ FORMAT (\w+)$/, ` FROM INFILE ${quoted(file)} FORMAT $1`),
      });
    } finally {
      await rm(file, { force: true });
    }
  }

  return {
    exec(params) {
      const { values } = params;
      if (values === undefined) return chdb.exec(params);
      // A connection works on one statement at a time anyway.
      const running = last.then(() => run({ ...params, values }));
      last = running.catch(() => undefined);
      return running;
    },
    close() {
      if (own !== null) rmSync(own, { recursive: true, force: true });
    },
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
