export type PostgresErrorCode = "database_url_invalid" | "database_unusable" | "database_too_new";

/** Every failure of a PostgreSQL database but those of its ledger. Callers branch on `code`. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly code: PostgresErrorCode;
  readonly hint: string;
  constructor(problem: { code: PostgresErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
