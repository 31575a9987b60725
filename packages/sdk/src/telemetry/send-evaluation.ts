import { headersIn, otlpBase, sendJson, type Receipt } from "./send-json.ts";
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

export type EvaluationSender = (evaluation: Evaluation) => Promise<Receipt>;

/**
 * Sends `gen_ai.evaluation.result` as an OTLP log record, so that it takes the way of the spans, through whatever collector
 * stands in between. The same bytes are sent again until somebody takes them.
 */
export function createEvaluationSender(environment: Environment, endpoint: string | null): EvaluationSender {
  const headers = {
    ...headersIn(environment["OTEL_EXPORTER_OTLP_HEADERS"]),
    ...headersIn(environment["OTEL_EXPORTER_OTLP_LOGS_HEADERS"]),
  };
  const target = { url: logsUrl(environment, endpoint), headers, receiptIn };
  return async (evaluation) => await sendJson(exportRequest(evaluation), target);
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
  return `${otlpBase(environment, endpoint)}/v1/logs`;
}
