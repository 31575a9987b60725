import type { AttributeValue, Attributes } from "@perch/domain";
import type { BinaryReader } from "@bufbuild/protobuf/wire";
import type { OtlpScopeSpans, OtlpSpan, OtlpTraces } from "./otlp-message.ts";
import {
  decodeMessage,
  messageEnd,
  readAttributes,
  readFields,
  readHex,
  readKeyValueInto,
  readMilliseconds,
} from "./protobuf-reader.ts";

type Scope = Pick<OtlpScopeSpans, "scopeName" | "scopeVersion">;
type ScopeSpans = Scope & Pick<OtlpScopeSpans, "spans">;
type SpanEvent = OtlpSpan["events"][number];

/** `ExportTraceServiceRequest` of opentelemetry/proto/collector/trace/v1, less what nobody here reads. */
export function decodeProtobufTraces(bytes: Uint8Array): OtlpTraces {
  return decodeMessage(bytes, (reader, end) => {
    const traces: OtlpScopeSpans[] = [];
    readFields(reader, end, (tag) => {
      if (tag !== 10) return false;
      traces.push(...readResourceSpans(reader));
      return true;
    });
    return traces;
  });
}

function readResourceSpans(reader: BinaryReader): readonly OtlpScopeSpans[] {
  let resource: Attributes = new Map();
  const scopes: ScopeSpans[] = [];
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag === 10) resource = readAttributes(reader);
    else if (tag === 18) scopes.push(readScopeSpans(reader));
    else return false;
    return true;
  });
  return scopes.map((scope) => ({ resource, ...scope }));
}

function readScopeSpans(reader: BinaryReader): ScopeSpans {
  let scope: Scope = { scopeName: "", scopeVersion: "" };
  const spans: OtlpSpan[] = [];
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag === 10) scope = readScope(reader);
    else if (tag === 18) spans.push(readSpan(reader));
    else return false;
    return true;
  });
  return { ...scope, spans };
}

/** Of `InstrumentationScope` only the name and the version. */
function readScope(reader: BinaryReader): Scope {
  const scope = { scopeName: "", scopeVersion: "" };
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag === 10) scope.scopeName = reader.string();
    else if (tag === 18) scope.scopeVersion = reader.string();
    else return false;
    return true;
  });
  return scope;
}

type SpanParts = {
  -readonly [Field in Exclude<keyof OtlpSpan, "attributes" | "events">]: OtlpSpan[Field];
} & { readonly attributes: Map<string, AttributeValue>; readonly events: SpanEvent[] };

function readSpan(reader: BinaryReader): OtlpSpan {
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
  readFields(reader, messageEnd(reader), (tag) => readSpanField(span, reader, tag));
  return span;
}

function readSpanField(span: SpanParts, reader: BinaryReader, tag: number): boolean {
  if (tag === 74) readKeyValueInto(span.attributes, reader);
  else if (tag === 10) span.traceId = readHex(reader);
  else if (tag === 18) span.spanId = readHex(reader);
  else if (tag === 34) span.parentSpanId = readHex(reader);
  else if (tag === 42) span.name = reader.string();
  else if (tag === 48) span.kind = reader.int32();
  else if (tag === 57) span.startedAt = readMilliseconds(reader);
  else if (tag === 65) span.endedAt = readMilliseconds(reader);
  else if (tag === 90) span.events.push(readEvent(reader));
  else if (tag === 122) Object.assign(span, readStatus(reader));
  else return false;
  return true;
}

function readEvent(reader: BinaryReader): SpanEvent {
  const attributes = new Map<string, AttributeValue>();
  let name = "";
  let at = 0;
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag === 9) at = readMilliseconds(reader);
    else if (tag === 18) name = reader.string();
    else if (tag === 26) readKeyValueInto(attributes, reader);
    else return false;
    return true;
  });
  return { name, at, attributes };
}

function readStatus(reader: BinaryReader): { statusCode: number; statusMessage: string } {
  const status = { statusCode: 0, statusMessage: "" };
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag === 18) status.statusMessage = reader.string();
    else if (tag === 24) status.statusCode = reader.int32();
    else return false;
    return true;
  });
  return status;
}
