import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteError } from "./sqlite-error.ts";

/**
 * Takes a file for this process until the answered function is called or the process is gone, however it went: the lock
 * is the operating system's, so one that was killed blocks nobody. Throws `SqliteError` `locked`, which names the
 * process that has it, or `database_unusable`.
 */
export function takeProcessLock(file: string, pid: number): () => void {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true });
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    writeFileSync(`${file}.pid`, `${pid}\n`);
    const held = database;
    return () => held.close();
  } catch (cause) {
    database?.close();
    throw isBusy(cause) ? locked(file, cause) : unusable(file, cause);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (error.errcode === 5 || error.errcode === 6);
}

function locked(file: string, cause: unknown): SqliteError {
  const holder = holderOf(file);
  return new SqliteError({
    code: "locked",
    message: `${dirname(file)} is in use${holder === null ? "" : ` by process ${holder}`}, expected it to be free`,
    hint: `stop ${holder === null ? "the other process" : `process ${holder}`}, or choose another data directory`,
    cause,
  });
}

function unusable(file: string, cause: unknown): SqliteError {
  return new SqliteError({
    code: "database_unusable",
    message: `cannot take ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "see that its directory can be written",
    cause,
  });
}

/** For the message only: what is written there decides nothing. */
function holderOf(file: string): number | null {
  try {
    const pid = Number(readFileSync(`${file}.pid`, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
