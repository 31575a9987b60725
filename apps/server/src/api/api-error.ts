import type { Problem } from "@perch/api";

export type ApiErrorCode =
  | "body_malformed"
  | "body_too_large"
  | "baseline_not_current"
  | "classifier_of_canary"
  | "clock_not_synthetic"
  | "clock_went_back"
  | "memory_incompatible"
  | "not_found"
  | "not_possible_now"
  | "place_taken"
  | "pointer_moved"
  | "query_malformed"
  | "release_not_of_agent"
  | "release_quarantined"
  | "rollout_active"
  | "spec_invalid"
  | "unknown_agent"
  | "unknown_deployment"
  | "unknown_move"
  | "unknown_pointer"
  | "unknown_rollout"
  | "version_taken"
  | "yaml_malformed";

export type ApiStatus = 400 | 404 | 409 | 413 | 422;
type Problems = NonNullable<Problem["error"]["problems"]>;

/** A request that cannot be served, as the caller is told. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ApiStatus;
  readonly code: ApiErrorCode;
  readonly hint: string;
  readonly problems: Problems | null;
  constructor(problem: { status: ApiStatus; code: ApiErrorCode; message: string; hint: string; problems?: Problems }) {
    super(problem.message);
    this.status = problem.status;
    this.code = problem.code;
    this.hint = problem.hint;
    this.problems = problem.problems ?? null;
  }
}
