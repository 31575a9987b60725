import {
  attributesIn,
  millisecondsIn,
  objectIn,
  objectsIn,
  parseJsonObject,
  textIn,
  type JsonObject,
} from "./json-reader.ts";
import type { OtlpSpan, OtlpTraces } from "./otlp-message.ts";

/** `ExportTraceServiceRequest` in OTLP/JSON: ids are hex, not base64. */
export function decodeJsonTraces(bytes: Uint8Array): OtlpTraces {
  return objectsIn(parseJsonObject(bytes), "resourceSpans").flatMap((resourceSpans) => {
    const resource = attributesIn(objectIn(resourceSpans, "resource"));
    return objectsIn(resourceSpans, "scopeSpans").map((scopeSpans) => {
      const scope = objectIn(scopeSpans, "scope");
      const spans = objectsIn(scopeSpans, "spans").map(readSpan);
      return { resource, scopeName: textIn(scope, "name"), scopeVersion: textIn(scope, "version"), spans };
    });
  });
}

function readSpan(span: JsonObject): OtlpSpan {
  const status = objectIn(span, "status");
  return {
    traceId: textIn(span, "traceId").toLowerCase(),
    spanId: textIn(span, "spanId").toLowerCase(),
    parentSpanId: textIn(span, "parentSpanId").toLowerCase(),
    name: textIn(span, "name"),
    kind: kindOf(span["kind"]),
    startedAt: millisecondsIn(span, "startTimeUnixNano"),
    endedAt: millisecondsIn(span, "endTimeUnixNano"),
    statusCode: statusCodeOf(status["code"]),
    statusMessage: textIn(status, "message"),
    attributes: attributesIn(span),
    events: objectsIn(span, "events").map((event) => ({
      name: textIn(event, "name"),
      at: millisecondsIn(event, "timeUnixNano"),
      attributes: attributesIn(event),
    })),
  };
}

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
  (kind) => `SPAN_KIND_${kind}`,
);

function kindOf(kind: unknown): number {
  return typeof kind === "number" ? kind : Math.max(0, KINDS.indexOf(String(kind)));
}

/** Numbers by the specification; some exporters write the enum's names. */
function statusCodeOf(code: unknown): number {
  if (code === "STATUS_CODE_ERROR") return 2;
  if (code === "STATUS_CODE_OK") return 1;
  return typeof code === "number" ? code : 0;
}
