import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteError } from "./sqlite-error.ts";

export type OpenDatabaseOptions = {
  /** The file, made with its directory when missing; ":memory:" for one that is gone when closed. */
  readonly file: string;
  /**
   * `normal` survives the death of the process; the last transactions may be lost when the machine loses power.
   * `full` survives that too, at the price of one fsync a commit.
   */
  readonly synchronous: "normal" | "full";
  /** SQL scripts in order. Each runs once in the life of the file; a released one is never edited. */
  readonly migrations: readonly string[];
};

const WAIT_FOR_OTHER_PROCESSES_MS = 5000;
const LOOK_AGAIN_MS = 10;
/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Opens a WAL database and brings its schema up to date. Throws `SqliteError`. */
export function openDatabase(options: OpenDatabaseOptions): DatabaseSync {
  const database = open(options.file);
  try {
    useWal(database);
    database.exec(`PRAGMA synchronous = ${options.synchronous}; PRAGMA foreign_keys = ON`);
    migrate(database, options);
    return database;
  } catch (error) {
    database.close();
    throw error instanceof SqliteError ? error : unusable(options.file, error);
  }
}

/** Changes nothing, not even the schema: it has to be of a version that is known. Throws `SqliteError`. */
export function openToRead({ file, newest }: { readonly file: string; readonly newest: number }): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: WAIT_FOR_OTHER_PROCESSES_MS });
    refuseNewer(versionOf(database), { file, newest });
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof SqliteError ? error : unusable(file, error);
  }
}

function open(file: string): DatabaseSync {
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    return new DatabaseSync(file, { timeout: WAIT_FOR_OTHER_PROCESSES_MS });
  } catch (error) {
    throw unusable(file, error);
  }
}

/** SQLite does not wait when two processes make one new file a WAL database at once: one is told at once that it is locked. */
function useWal(database: DatabaseSync): void {
  const giveUpAt = performance.now() + WAIT_FOR_OTHER_PROCESSES_MS;
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

function migrate(database: DatabaseSync, { file, migrations }: OpenDatabaseOptions): void {
  // One writer at a time, the check included: two processes may open a new file at once.
  inTransaction(database, () => {
    const version = versionOf(database);
    refuseNewer(version, { file, newest: migrations.length });
    for (const migration of migrations.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

function refuseNewer(version: number, { file, newest }: { readonly file: string; readonly newest: number }): void {
  if (version <= newest) return;
  throw new SqliteError({
    code: "database_too_new",
    message: `${file} has schema version ${version}, expected at most ${newest}`,
    hint: "a newer Perch wrote it: run that version, or choose another data directory",
  });
}

/** All of it or nothing. */
export function inTransaction<Result>(database: DatabaseSync, run: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = run();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite itself may have rolled back already (disk full).
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function unusable(file: string, cause: unknown): SqliteError {
  return new SqliteError({
    code: "database_unusable",
    message: `cannot use ${file} as an SQLite database: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "check that the directory is writable and that the file is Perch's own",
    cause,
  });
}
