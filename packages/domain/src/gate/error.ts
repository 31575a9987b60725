export type GateErrorCode = "budget_overspent" | "gate_malformed" | "step_unknown";

/** Every failure of setting up and reading gates. Callers branch on `code`. */
export class GateError extends Error {
  override readonly name = "GateError";
  readonly code: GateErrorCode;
  readonly hint: string;
  constructor(problem: { code: GateErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
