export type TelemetryErrorCode =
  | "data_directory_in_use"
  | "data_directory_unusable"
  | "store_newer"
  | "store_unreachable"
  | "store_busy"
  | "store_failed"
  | "payload_malformed"
  | "payload_too_large"
  | "key_reused"
  | "id_reused"
  | "media_type_unsupported"
  | "unauthenticated"
  | "rate_limited";

/** Every failure of taking in, keeping or reading telemetry. Callers branch on `code`. */
export class TelemetryError extends Error {
  override readonly name = "TelemetryError";
  readonly code: TelemetryErrorCode;
  readonly hint: string;
  /** When this very failure says after what time to try again; null when its code says all there is to say. */
  readonly retryAfterMs: number | null;
  constructor(problem: {
    code: TelemetryErrorCode;
    message: string;
    hint: string;
    retryAfterMs?: number;
    cause?: unknown;
  }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
    this.retryAfterMs = problem.retryAfterMs ?? null;
  }
}
