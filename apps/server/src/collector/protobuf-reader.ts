import { TelemetryError, type AttributeValue, type Attributes } from "@perch/domain";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { millisecondsOf } from "./otlp-message.ts";

// Field numbers and types of opentelemetry/proto/common/v1. A case label is a whole tag (field number × 8 + wire type),
// so a known field in a wrong wire type falls through to being skipped, as the protobuf specification asks.
const MAX_DEPTH = 16;

/** Decodes a whole message. Whatever the bytes are, throws nothing but `TelemetryError` `payload_malformed`. */
export function decodeMessage<T>(bytes: Uint8Array, read: (reader: BinaryReader, end: number) => T): T {
  try {
    const reader = new BinaryReader(bytes, (text) => asBuffer(text).toString());
    return read(reader, reader.len);
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
export function readFields(reader: BinaryReader, end: number, onTag: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!onTag(tag)) skipField(reader, tag);
  }
  checkEnd(reader, end);
}

function skipField(reader: BinaryReader, tag: number): void {
  if (tag < 8) throw new RangeError("a field has the number 0");
  reader.skip(tag & 7, tag >>> 3);
}

function checkEnd(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw new RangeError("a field is longer than its message");
}

/** Reads the length of an embedded message and gives where it ends. */
export function messageEnd(reader: BinaryReader): number {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError("a message is longer than the body");
  return end;
}

/** A `fixed64` of nanoseconds as milliseconds, read in two halves: a bigint for each would cost more than it gives. */
export function readMilliseconds(reader: BinaryReader): number {
  const low = reader.fixed32();
  return millisecondsOf(reader.fixed32() * 2 ** 32 + low);
}

export function readHex(reader: BinaryReader): string {
  return asBuffer(reader.bytes()).toString("hex");
}

/** The same bytes, not a copy. A Buffer turns them into text several times as fast as a `TextDecoder`. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One `KeyValue` into the map. The first value of a repeated key wins. */
export function readKeyValueInto(attributes: Map<string, AttributeValue>, reader: BinaryReader, depth = 0): void {
  let key = "";
  let value: AttributeValue = null;
  const end = messageEnd(reader);
  // Most of what is read comes by here, so the loop is written out.
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) key = reader.string();
    else if (tag === 18) value = readAnyValue(reader, depth);
    else skipField(reader, tag);
  }
  checkEnd(reader, end);
  if (!attributes.has(key)) attributes.set(key, value);
}

/** `Resource` and `KeyValueList` alike: the attributes in field 1. */
export function readAttributes(reader: BinaryReader, depth = 0): Attributes {
  const attributes = new Map<string, AttributeValue>();
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag !== 10) return false;
    readKeyValueInto(attributes, reader, depth);
    return true;
  });
  return attributes;
}

function readAnyValue(reader: BinaryReader, depth: number): AttributeValue {
  let value: AttributeValue = null;
  const end = messageEnd(reader);
  // Deeper than anybody means it: passed over, so that a nest of arrays cannot exhaust the stack.
  if (depth > MAX_DEPTH) {
    reader.pos = end;
    return null;
  }
  while (reader.pos < end) {
    const tag = reader.uint32();
    const found = readScalar(reader, tag) ?? readNested(reader, tag, depth + 1);
    if (found === undefined) skipField(reader, tag);
    else value = found;
  }
  checkEnd(reader, end);
  return value;
}

function readScalar(reader: BinaryReader, tag: number): AttributeValue | undefined {
  if (tag === 10) return reader.string();
  if (tag === 16) return reader.bool();
  if (tag === 24) return Number(reader.int64());
  if (tag === 33) return reader.double();
  if (tag === 58) return asBuffer(reader.bytes()).toString("base64");
  return undefined;
}

function readNested(reader: BinaryReader, tag: number, depth: number): AttributeValue | undefined {
  if (tag === 42) return readArray(reader, depth);
  if (tag === 50) return readAttributes(reader, depth);
  return undefined;
}

function readArray(reader: BinaryReader, depth: number): readonly AttributeValue[] {
  const values: AttributeValue[] = [];
  readFields(reader, messageEnd(reader), (tag) => {
    if (tag !== 10) return false;
    values.push(readAnyValue(reader, depth));
    return true;
  });
  return values;
}
