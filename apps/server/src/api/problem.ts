import type { Problem } from "@perch/api";
import {
  LedgerError,
  ReleaseError,
  RoutingError,
  TelemetryError,
  type LedgerErrorCode,
  type ReleaseErrorCode,
} from "@perch/domain";
import type { Context } from "hono";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { ApiError } from "./api-error.ts";

type Answer = { readonly status: 400 | 404 | 409 | 413 | 422 | 500 | 503; readonly error: Problem["error"] };

const RELEASE_STATUS: Readonly<Record<ReleaseErrorCode, 400 | 404 | 409 | 422 | 500 | 503>> = {
  digest_malformed: 400,
  reference_malformed: 400,
  release_unknown: 404,
  version_taken: 409,
  spec_invalid: 422,
  unsigned: 422,
  signature_rejected: 422,
  digest_mismatch: 422,
  key_invalid: 500,
  signing_failed: 500,
  layout_invalid: 500,
  trust_policy_invalid: 500,
  attestation_invalid: 422,
  registry_unreachable: 503,
  registry_refused: 503,
};

const LEDGER_STATUS: Readonly<Record<LedgerErrorCode, 409 | 500 | 503>> = {
  conflict: 409,
  deposed: 503,
  in_doubt: 503,
  unavailable: 503,
  broken: 500,
  unreadable: 500,
};

/** The answer to a request that failed. What nobody foresaw is logged; the caller is told where to look. */
export function answerError(context: Context, error: unknown, log: Log): Response {
  const answer = answerOf(error);
  if (answer.status === 500) {
    log.error("a request failed", { method: context.req.method, path: context.req.path, reason: reasonOf(error) });
  }
  return context.json({ error: answer.error } satisfies Problem, answer.status);
}

function answerOf(error: unknown): Answer {
  if (error instanceof ApiError) {
    const { status, code, message, hint, problems } = error;
    return { status, error: { code, message, hint, ...(problems === null ? {} : { problems }) } };
  }
  if (error instanceof ReleaseError) return { status: RELEASE_STATUS[error.code], error: bodyOf(error) };
  if (error instanceof RoutingError) return { status: 400, error: bodyOf(error) };
  if (error instanceof LedgerError) return { status: LEDGER_STATUS[error.code], error: bodyOf(error) };
  if (error instanceof TelemetryError) return { status: 503, error: bodyOf(error) };
  const hint = "the server's log says more; if it happens again, report it with that log line";
  return { status: 500, error: { code: "internal", message: `the server failed: ${reasonOf(error)}`, hint } };
}

function bodyOf({ code, message, hint }: { code: string; message: string; hint: string }): Problem["error"] {
  return { code, message, hint };
}
