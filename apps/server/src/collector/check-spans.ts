import type { RawSpan } from "@perch/domain";
import type { OtlpScopeSpans, OtlpSpan, OtlpTraces } from "./otlp-message.ts";

export type CheckedSpans = {
  readonly spans: readonly RawSpan[];
  /** One sentence for each span that cannot be kept. */
  readonly refused: readonly string[];
  /** Spans kept although their clock says something before 2000 or after 2100. */
  readonly oddlyTimed: number;
};

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;
const YEAR_2000 = Date.UTC(2000, 0);
const YEAR_2100 = Date.UTC(2100, 0);

/** Refuses spans without usable ids or times; one bad span never costs the others. */
export function checkSpans(traces: OtlpTraces): CheckedSpans {
  const spans: RawSpan[] = [];
  const refused: string[] = [];
  for (const scope of traces) {
    for (const span of scope.spans) {
      const problem = problemOf(span);
      if (problem === null) spans.push(toRawSpan(span, scope));
      else refused.push(problem);
    }
  }
  const oddlyTimed = spans.filter((span) => span.startedAt < YEAR_2000 || span.startedAt > YEAR_2100).length;
  return { spans, refused, oddlyTimed };
}

function problemOf(span: OtlpSpan): string | null {
  if (!TRACE_ID.test(span.traceId))
    return `a span has the trace id "${span.traceId.slice(0, 40)}", expected 16 bytes not all zero`;
  if (!SPAN_ID.test(span.spanId))
    return `a span has the span id "${span.spanId.slice(0, 40)}", expected 8 bytes not all zero`;
  if (!Number.isFinite(span.startedAt)) return `span ${span.spanId} has no start time that is a number`;
  return null;
}

function toRawSpan(span: OtlpSpan, { resource, scopeName, scopeVersion }: OtlpScopeSpans): RawSpan {
  const durationMs = span.endedAt - span.startedAt;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: SPAN_ID.test(span.parentSpanId) ? span.parentSpanId : null,
    name: span.name,
    kind: KINDS[span.kind] ?? "unspecified",
    scopeName,
    scopeVersion,
    startedAt: span.startedAt,
    // No end, or clocks that were set back in between.
    durationMs: durationMs > 0 ? durationMs : 0,
    status: statusOf(span.statusCode),
    statusMessage: span.statusMessage,
    attributes: span.attributes,
    resource,
    events: span.events,
  };
}

// By the number that OTLP gives each.
const KINDS: readonly RawSpan["kind"][] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

function statusOf(code: number): RawSpan["status"] {
  if (code === 2) return "error";
  return code === 1 ? "ok" : "unset";
}
