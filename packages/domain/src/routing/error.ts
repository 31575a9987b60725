export type RoutingErrorCode =
  "id_malformed" | "weight_out_of_range" | "rule_malformed" | "secret_unusable" | "override_unusable";

/** Every failure of naming and assigning. Callers branch on `code`. */
export class RoutingError extends Error {
  override readonly name = "RoutingError";
  readonly code: RoutingErrorCode;
  readonly hint: string;
  constructor(problem: { code: RoutingErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
