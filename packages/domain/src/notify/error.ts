import type { RolloutSpecProblem } from "../rollout/spec-problem.ts";

export type NotifyErrorCode = "secret_malformed" | "file_invalid";

export class NotifyError extends Error {
  override readonly name = "NotifyError";
  readonly code: NotifyErrorCode;
  readonly hint: string;
  /** Each problem of a file; otherwise empty. */
  readonly problems: readonly RolloutSpecProblem[];
  constructor(problem: {
    code: NotifyErrorCode;
    message: string;
    hint: string;
    cause?: unknown;
    problems?: readonly RolloutSpecProblem[];
  }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
    this.problems = problem.problems ?? [];
  }
}
