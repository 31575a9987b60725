export type StatsErrorCode = "counts_impossible" | "parameter_out_of_range";

/** Input that no data can produce. Callers branch on `code`; a valid input never gives NaN. */
export class StatsError extends Error {
  override readonly name = "StatsError";
  readonly code: StatsErrorCode;
  readonly hint: string;
  constructor(problem: { code: StatsErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
