export type SqliteErrorCode = "database_unusable" | "database_too_new" | "locked";

/** Every failure of opening an SQLite file. Callers branch on `code`. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  readonly code: SqliteErrorCode;
  readonly hint: string;
  constructor(problem: { code: SqliteErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
