import type { AttributeValue, Attributes } from "@perch/domain";
import type { OtlpScopeSpans, OtlpSpan, OtlpTraces } from "./otlp-message.ts";
import { decodeMessage, readAttributes, readFields, readKeyValueInto, readMilliseconds } from "./protobuf-reader.ts";
import { readEncoded, readEnd, readInt32, readText, type WireReader } from "./wire-reader.ts";

type Scope = Pick<OtlpScopeSpans, "scopeName" | "scopeVersion">;
type SpanEvent = OtlpSpan["events"][number];

/** A scope, and where in the body the lengths of its spans are. */
type FoundScope = Omit<OtlpScopeSpans, "spans"> & { readonly places: readonly number[] };

/** Takes about 2 ms to read and to make something of. */
const SPANS_A_PART = 256;

/** `ExportTraceServiceRequest` of opentelemetry/proto/collector/trace/v1, less what nobody here reads. */
export function decodeProtobufTraces(bytes: Uint8Array): OtlpTraces {
  return [...decodeProtobufParts(bytes)];
}

/** The same bit by bit, so that somebody else may be served in between. That it is malformed may come out at any of them. */
export function* decodeProtobufParts(bytes: Uint8Array): Generator<OtlpScopeSpans, undefined> {
  for (const { places, ...scope } of decodeMessage(bytes, findScopes)) {
    for (let first = 0; first < places.length; first += SPANS_A_PART) {
      const some = places.slice(first, first + SPANS_A_PART);
      yield { ...scope, spans: decodeMessage(bytes, (reader) => some.map((place) => readSpanAt(reader, place))) };
    }
  }
}

function findScopes(reader: WireReader, end: number): readonly FoundScope[] {
  const scopes: FoundScope[] = [];
  readFields(reader, end, (tag) => {
    if (tag !== 10) return false;
    for (const scope of findResourceScopes(reader)) scopes.push(scope);
    return true;
  });
  return scopes;
}

function findResourceScopes(reader: WireReader): readonly FoundScope[] {
  let resource: Attributes = new Map();
  const scopes: Omit<FoundScope, "resource">[] = [];
  readFields(reader, readEnd(reader), (tag) => {
    if (tag === 10) resource = readAttributes(reader);
    else if (tag === 18) scopes.push(findSpans(reader));
    else return false;
    return true;
  });
  return scopes.map((scope) => ({ resource, ...scope }));
}

function findSpans(reader: WireReader): Omit<FoundScope, "resource"> {
  let scope: Scope = { scopeName: "", scopeVersion: "" };
  const places: number[] = [];
  readFields(reader, readEnd(reader), (tag) => {
    if (tag === 10) scope = readScope(reader);
    else if (tag === 18) {
      places.push(reader.at);
      reader.at = readEnd(reader);
    } else return false;
    return true;
  });
  return { ...scope, places };
}

/** Of `InstrumentationScope` only the name and the version. */
function readScope(reader: WireReader): Scope {
  const scope = { scopeName: "", scopeVersion: "" };
  readFields(reader, readEnd(reader), (tag) => {
    if (tag === 10) scope.scopeName = readText(reader);
    else if (tag === 18) scope.scopeVersion = readText(reader);
    else return false;
    return true;
  });
  return scope;
}

type SpanParts = {
  -readonly [Field in Exclude<keyof OtlpSpan, "attributes" | "events">]: OtlpSpan[Field];
} & { readonly attributes: Map<string, AttributeValue>; readonly events: SpanEvent[] };

function readSpanAt(reader: WireReader, place: number): OtlpSpan {
  reader.at = place;
  const span: SpanParts = {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    name: "",
    kind: 0,
    startedAt: 0,
    endedAt: 0,
    statusCode: 0,
    statusMessage: "",
    attributes: new Map(),
    events: [],
  };
  readFields(reader, readEnd(reader), (tag) => readSpanField(span, reader, tag));
  return span;
}

function readSpanField(span: SpanParts, reader: WireReader, tag: number): boolean {
  if (tag === 74) readKeyValueInto(span.attributes, reader);
  else if (tag === 10) span.traceId = readEncoded(reader, "hex");
  else if (tag === 18) span.spanId = readEncoded(reader, "hex");
  else if (tag === 34) span.parentSpanId = readEncoded(reader, "hex");
  else if (tag === 42) span.name = readText(reader);
  else if (tag === 48) span.kind = readInt32(reader);
  else if (tag === 57) span.startedAt = readMilliseconds(reader);
  else if (tag === 65) span.endedAt = readMilliseconds(reader);
  else if (tag === 90) span.events.push(readEvent(reader));
  else if (tag === 122) readStatusInto(span, reader);
  else return false;
  return true;
}

function readEvent(reader: WireReader): SpanEvent {
  const attributes = new Map<string, AttributeValue>();
  let name = "";
  let at = 0;
  readFields(reader, readEnd(reader), (tag) => {
    if (tag === 9) at = readMilliseconds(reader);
    else if (tag === 18) name = readText(reader);
    else if (tag === 26) readKeyValueInto(attributes, reader);
    else return false;
    return true;
  });
  return { name, at, attributes };
}

function readStatusInto(span: SpanParts, reader: WireReader): void {
  span.statusMessage = "";
  span.statusCode = 0;
  readFields(reader, readEnd(reader), (tag) => {
    if (tag === 18) span.statusMessage = readText(reader);
    else if (tag === 24) span.statusCode = readInt32(reader);
    else return false;
    return true;
  });
}
