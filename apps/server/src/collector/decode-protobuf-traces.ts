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

function readSpan(reader: BinaryReader): OtlpSpan {
  const attributes = new Map<string, AttributeValue>();
  const events: SpanEvent[] = [];
  const span = { traceId: "", spanId: "", parentSpanId: "", name: "", kind: 0, startedAt: 0, endedAt: 0 };
  let status = { statusCode: 0, statusMessage: "" };
  const readers: Readonly<Record<number, () => void>> = {
    10: () => (span.traceId = readHex(reader)),
    18: () => (span.spanId = readHex(reader)),
    34: () => (span.parentSpanId = readHex(reader)),
    42: () => (span.name = reader.string()),
    48: () => (span.kind = reader.int32()),
    57: () => (span.startedAt = readMilliseconds(reader)),
    65: () => (span.endedAt = readMilliseconds(reader)),
    74: () => readKeyValueInto(attributes, reader),
    90: () => events.push(readEvent(reader)),
    122: () => (status = readStatus(reader)),
  };
  readFields(reader, messageEnd(reader), (tag) => {
    const read = readers[tag];
    read?.();
    return read !== undefined;
  });
  return { ...span, ...status, attributes, events };
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
