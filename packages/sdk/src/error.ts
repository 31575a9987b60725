export type SdkErrorCode = "arguments_invalid" | "stub_missing" | "schema_invalid" | "key_reserved" | "outcome_invalid";

export class SdkError extends Error {
  override readonly name = "SdkError";
  readonly code: SdkErrorCode;
  readonly hint: string;
  constructor(problem: { code: SdkErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
