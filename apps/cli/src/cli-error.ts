export type CliErrorCode =
  | "usage"
  | "start_failed"
  | "server_unreachable"
  | "request_refused"
  | "answer_invalid"
  | "input_invalid"
  | "demo_failed"
  | "deployment_failed";

/** A failure that a person can do something about. Printed as message and hint, never with a stack trace. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly hint: string;
  constructor(problem: { code: CliErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
