export type ReleaseErrorCode =
  | "digest_malformed"
  | "digest_mismatch"
  | "reference_malformed"
  | "release_unknown"
  | "version_taken"
  | "spec_invalid"
  | "layout_invalid"
  | "unsigned"
  | "signature_rejected"
  | "signing_failed"
  | "key_invalid"
  | "trust_policy_invalid"
  | "attestation_invalid"
  | "registry_unreachable"
  | "registry_refused";

/** One of several problems of an input, with its place in the file where it has one. */
export type ReleaseProblem = {
  readonly message: string;
  /** Where it is not the file that the error itself names. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
};

/** Every failure of building, storing, signing or loading a release. Callers branch on `code`. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
  readonly code: ReleaseErrorCode;
  readonly hint: string;
  /** Each problem of an input that has several; otherwise empty. */
  readonly problems: readonly ReleaseProblem[];
  constructor(problem: {
    code: ReleaseErrorCode;
    message: string;
    hint: string;
    cause?: unknown;
    problems?: readonly ReleaseProblem[];
  }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
    this.problems = problem.problems ?? [];
  }
}
