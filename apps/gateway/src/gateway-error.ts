export type GatewayErrorCode =
  | "flag_invalid"
  | "port_in_use"
  | "address_unusable"
  | "gateway_id_in_use"
  | "data_directory_unusable"
  | "worker_failed"
  | "secret_unusable"
  | "table_invalid";

/** Every failure that ends the gateway's start, or makes it refuse a table. Callers branch on `code`. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  readonly hint: string;
  constructor(problem: { code: GatewayErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
