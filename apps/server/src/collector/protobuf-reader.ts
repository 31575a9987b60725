import { TelemetryError, type AttributeValue, type Attributes } from "@perch/domain";
import { millisecondsOf } from "./otlp-message.ts";
import {
  createWireReader,
  readBool,
  readDouble,
  readEncoded,
  readEnd,
  readFixed32,
  readInt64,
  readText,
  readUint32,
  skipField,
  type WireReader,
} from "./wire-reader.ts";

// Field numbers and types of opentelemetry/proto/common/v1. A case label is a whole tag (field number × 8 + wire type),
// so a known field in a wrong wire type falls through to being skipped, as the protobuf specification asks.
const MAX_DEPTH = 16;

/** Decodes a whole message. Whatever the bytes are, throws nothing but `TelemetryError` `payload_malformed`. */
export function decodeMessage<T>(bytes: Uint8Array, read: (reader: WireReader, end: number) => T): T {
  try {
    return read(createWireReader(bytes), bytes.length);
  } catch (cause) {
    throw new TelemetryError({
      code: "payload_malformed",
      message: `the body is not an OTLP protobuf message: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "send an ExportTraceServiceRequest or ExportLogsServiceRequest, or set the content type to what is sent",
      cause,
    });
  }
}

/** Calls `onTag` for each field up to `end`; fields it does not take (returns false) are skipped. */
export function readFields(reader: WireReader, end: number, onTag: (tag: number) => boolean): void {
  while (reader.at < end) {
    const tag = readUint32(reader);
    if (!onTag(tag)) skipField(reader, tag);
  }
  checkEnd(reader, end);
}

function checkEnd(reader: WireReader, end: number): void {
  if (reader.at !== end) throw new RangeError("a field is longer than its message");
}

/** A `fixed64` of nanoseconds as milliseconds, read in two halves: a bigint for each would cost more than it gives. */
export function readMilliseconds(reader: WireReader): number {
  const low = readFixed32(reader);
  return millisecondsOf(readFixed32(reader) * 2 ** 32 + low);
}

/** One `KeyValue` into the map. The first value of a repeated key wins. */
export function readKeyValueInto(attributes: Map<string, AttributeValue>, reader: WireReader, depth = 0): void {
  let key = "";
  let value: AttributeValue = null;
  const end = readEnd(reader);
  // Most of what is read comes by here, so the loop is written out.
  while (reader.at < end) {
    const tag = readUint32(reader);
    if (tag === 10) key = readText(reader);
    else if (tag === 18) value = readAnyValue(reader, depth);
    else skipField(reader, tag);
  }
  checkEnd(reader, end);
  if (!attributes.has(key)) attributes.set(key, value);
}

/** `Resource` and `KeyValueList` alike: the attributes in field 1. */
export function readAttributes(reader: WireReader, depth = 0): Attributes {
  const attributes = new Map<string, AttributeValue>();
  readFields(reader, readEnd(reader), (tag) => {
    if (tag !== 10) return false;
    readKeyValueInto(attributes, reader, depth);
    return true;
  });
  return attributes;
}

function readAnyValue(reader: WireReader, depth: number): AttributeValue {
  let value: AttributeValue = null;
  const end = readEnd(reader);
  // Deeper than anybody means it: passed over, so that a nest of arrays cannot exhaust the stack.
  if (depth > MAX_DEPTH) {
    reader.at = end;
    return null;
  }
  while (reader.at < end) {
    const tag = readUint32(reader);
    const found = readScalar(reader, tag) ?? readNested(reader, tag, depth + 1);
    if (found === undefined) skipField(reader, tag);
    else value = found;
  }
  checkEnd(reader, end);
  return value;
}

function readScalar(reader: WireReader, tag: number): AttributeValue | undefined {
  if (tag === 10) return readText(reader);
  if (tag === 16) return readBool(reader);
  if (tag === 24) return readInt64(reader);
  if (tag === 33) return readDouble(reader);
  if (tag === 58) return readEncoded(reader, "base64");
  return undefined;
}

function readNested(reader: WireReader, tag: number, depth: number): AttributeValue | undefined {
  if (tag === 42) return readArray(reader, depth);
  if (tag === 50) return readAttributes(reader, depth);
  return undefined;
}

function readArray(reader: WireReader, depth: number): readonly AttributeValue[] {
  const values: AttributeValue[] = [];
  readFields(reader, readEnd(reader), (tag) => {
    if (tag !== 10) return false;
    values.push(readAnyValue(reader, depth));
    return true;
  });
  return values;
}
