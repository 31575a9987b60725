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
  | "key_invalid";

/** Every failure of building, storing, signing or loading a release. Callers branch on `code`. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
  readonly code: ReleaseErrorCode;
  readonly hint: string;
  constructor(problem: { code: ReleaseErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
