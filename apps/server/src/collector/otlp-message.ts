import type { Attributes, RawEvent, RawLog } from "@perch/domain";

// What both encodings of OTLP decode to, before ids and times are checked. Ids are lower-case hex, or empty.
export type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** The number of `SpanKind`. */
  readonly kind: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly RawEvent[];
};

export type OtlpScopeSpans = {
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly spans: readonly OtlpSpan[];
};

export type OtlpTraces = readonly OtlpScopeSpans[];
export type OtlpLogs = readonly RawLog[];

/**
 * Epoch nanoseconds as milliseconds, to the microsecond: a double cannot hold them finer, and the rest would make the
 * same moment differ between encodings.
 */
export function millisecondsOf(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e3) / 1e3;
}
