import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "./telemetry.ts";

export type Receipt =
  | { readonly kind: "accepted" }
  /** There was nothing to send, and why. */
  | { readonly kind: "skipped"; readonly because: string }
  /** The collector refused it, or did not answer. */
  | { readonly kind: "failed"; readonly because: string };

export type JsonTarget = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What an answer of 200 says. */
  readonly receiptIn: (text: string) => Receipt;
};

const WAITS_MS = [200, 1000, 3000] as const;
const ATTEMPT_TIMEOUT_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
const TRY_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Posts the same bytes until somebody takes them, for some seconds. Never rejects because of the network. */
export async function sendJson(content: unknown, { url, headers, receiptIn }: JsonTarget): Promise<Receipt> {
  const init = { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(content) };
  for (const waitMs of [...WAITS_MS, null]) {
    const attempt = await post(url, init, receiptIn);
    if (attempt.kind === "settled" || waitMs === null) return receiptOf(attempt, url);
    await delay(Math.min(attempt.retryAfterMs ?? waitMs, LONGEST_WAIT_MS), undefined, { ref: false });
  }
  return { kind: "failed", because: `${url} did not take it` };
}

type Attempt =
  | { readonly kind: "settled"; readonly receipt: Receipt }
  | { readonly kind: "again"; readonly because: string; readonly retryAfterMs: number | null };

function receiptOf(attempt: Attempt, url: string): Receipt {
  return attempt.kind === "settled" ? attempt.receipt : { kind: "failed", because: `${url}: ${attempt.because}` };
}

async function post(
  url: string,
  init: { headers: Record<string, string>; body: string },
  receiptIn: JsonTarget["receiptIn"],
): Promise<Attempt> {
  try {
    const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    const answer = await fetch(url, { method: "POST", ...init, signal });
    const text = await answer.text();
    if (answer.ok) return { kind: "settled", receipt: receiptIn(text) };
    const because = `status ${answer.status}: ${text.slice(0, 300)}`;
    if (!TRY_AGAIN.has(answer.status)) return { kind: "settled", receipt: { kind: "failed", because } };
    const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
    return { kind: "again", because, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: "again", because, retryAfterMs: null };
  }
}

/** Where OTLP goes, without the path of a signal. */
export function otlpBase(environment: Environment, endpoint: string | null): string {
  const base = endpoint ?? (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] || "http://localhost:4318");
  return base.replace(/\/$/, "");
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry has it. */
export function headersIn(text: string | undefined): Readonly<Record<string, string>> {
  const pairs = (text ?? "").split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim().toLowerCase(), decoded(pair.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not encoded, then.
    return text;
  }
}
