export type CliErrorCode =
  | "usage"
  | "start_failed"
  | "server_unreachable"
  | "request_refused"
  | "answer_invalid"
  | "input_invalid"
  | "demo_failed"
  | "deployment_failed";

/** One of several problems of an input, with its place where it has one. */
export type InputProblem = { readonly message: string; readonly line?: number; readonly column?: number };

/** A failure that a person can do something about. Printed as message and hint, never with a stack trace. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly hint: string;
  readonly problems: readonly InputProblem[];
  constructor(problem: {
    code: CliErrorCode;
    message: string;
    hint: string;
    cause?: unknown;
    problems?: readonly InputProblem[] | undefined;
  }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
    this.problems = problem.problems ?? [];
  }
}
