export type RedisErrorCode = "redis_url_invalid" | "redis_unreachable" | "redis_timed_out" | "redis_refused";

/** Every failure of a Redis or Valkey server. Callers branch on `code`. The message never holds a password. */
export class RedisError extends Error {
  override readonly name = "RedisError";
  readonly code: RedisErrorCode;
  readonly hint: string;
  constructor(problem: { code: RedisErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
