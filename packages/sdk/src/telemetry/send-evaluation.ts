import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "./telemetry.ts";

export type Evaluation = {
  readonly name: string;
  readonly value: number;
  readonly label: string;
  /** Epoch ms. With session, name and value it tells one evaluation from another, so that repeats count once. */
  readonly at: number;
  readonly explanation: string | null;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Readonly<Record<string, string>>;
};

export type Receipt =
  | { readonly kind: "accepted" }
  /** There was nothing to send, and why. */
  | { readonly kind: "skipped"; readonly because: string }
  /** The collector refused it, or did not answer. */
  | { readonly kind: "failed"; readonly because: string };

export type EvaluationSender = (evaluation: Evaluation) => Promise<Receipt>;

const WAITS_MS = [200, 1000, 3000] as const;
const ATTEMPT_TIMEOUT_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
const TRY_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends `gen_ai.evaluation.result` as an OTLP log record, so that it takes the way of the spans, through whatever collector
 * stands in between. The same bytes are sent again until somebody takes them.
 */
export function createEvaluationSender(environment: Environment, endpoint: string | null): EvaluationSender {
  const url = logsUrl(environment, endpoint);
  const headers = {
    ...headersIn(environment["OTEL_EXPORTER_OTLP_HEADERS"]),
    ...headersIn(environment["OTEL_EXPORTER_OTLP_LOGS_HEADERS"]),
    "content-type": "application/json",
  };
  return async (evaluation) => {
    const body = JSON.stringify(exportRequest(evaluation));
    for (const waitMs of [...WAITS_MS, null]) {
      const attempt = await post(url, { headers, body });
      if (attempt.kind === "settled" || waitMs === null) return receiptOf(attempt, url);
      await delay(Math.min(attempt.retryAfterMs ?? waitMs, LONGEST_WAIT_MS), undefined, { ref: false });
    }
    return { kind: "failed", because: `${url} did not take it` };
  };
}

type Attempt =
  | { readonly kind: "settled"; readonly receipt: Receipt }
  | { readonly kind: "again"; readonly because: string; readonly retryAfterMs: number | null };

function receiptOf(attempt: Attempt, url: string): Receipt {
  return attempt.kind === "settled" ? attempt.receipt : { kind: "failed", because: `${url}: ${attempt.because}` };
}

async function post(url: string, init: { headers: Record<string, string>; body: string }): Promise<Attempt> {
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

/** OTLP answers 200 also when it took nothing. */
function receiptIn(text: string): Receipt {
  const refusal = /"rejectedLogRecords"\s*:\s*"?[1-9]/.test(text);
  return refusal ? { kind: "failed", because: text.slice(0, 300) } : { kind: "accepted" };
}

function exportRequest(evaluation: Evaluation): unknown {
  const { name, value, label, explanation, traceId, spanId, attributes } = evaluation;
  const texts = {
    ...attributes,
    "gen_ai.evaluation.name": name,
    "gen_ai.evaluation.score.label": label,
    ...(explanation !== null && { "gen_ai.evaluation.explanation": explanation }),
  };
  const record = {
    eventName: "gen_ai.evaluation.result",
    timeUnixNano: `${Math.round(evaluation.at)}000000`,
    ...(traceId !== null && { traceId }),
    ...(spanId !== null && { spanId }),
    attributes: [
      ...Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      { key: "gen_ai.evaluation.score.value", value: { doubleValue: value } },
    ],
  };
  return { resourceLogs: [{ scopeLogs: [{ scope: { name: "perch.sdk" }, logRecords: [record] }] }] };
}

function logsUrl(environment: Environment, endpoint: string | null): string {
  const own = environment["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];
  if (endpoint === null && own) return own;
  const base = endpoint ?? (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] || "http://localhost:4318");
  return `${base.replace(/\/$/, "")}/v1/logs`;
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry has it. */
function headersIn(text: string | undefined): Readonly<Record<string, string>> {
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
