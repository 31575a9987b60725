// The wire format of https://protobuf.dev/programming-guides/encoding/, read in place. Everything throws `RangeError` for bytes
// that are none of it; nothing reads beyond them.
export type WireReader = { readonly bytes: Buffer; readonly view: DataView; at: number };

const MAX_VARINT_BYTES = 10;
/** Seven times seven bits: as many as a double holds for certain. */
const MAX_EXACT_BYTES = 7;
const MAX_GROUP_DEPTH = 100;

export function createWireReader(bytes: Uint8Array): WireReader {
  const { buffer, byteOffset, byteLength } = bytes;
  // The same bytes, not a copy. A Buffer turns them into text several times as fast as a `TextDecoder`.
  return {
    bytes: Buffer.from(buffer, byteOffset, byteLength),
    view: new DataView(buffer, byteOffset, byteLength),
    at: 0,
  };
}

function readByte(reader: WireReader): number {
  const byte = reader.bytes[reader.at];
  if (byte === undefined) throw new RangeError("the body ends in the middle of a number");
  reader.at += 1;
  return byte;
}

/** The lower 32 bits of a varint: tags, lengths, `uint32`. */
export function readUint32(reader: WireReader): number {
  let byte = readByte(reader);
  if (byte < 128) return byte;
  let value = byte & 127;
  for (let bit = 7; bit < 7 * MAX_VARINT_BYTES; bit += 7) {
    byte = readByte(reader);
    if (bit < 32) value |= (byte & 127) << bit;
    if (byte < 128) return value >>> 0;
  }
  throw new RangeError("a number has more than ten bytes");
}

export function readInt32(reader: WireReader): number {
  return readUint32(reader) | 0;
}

/** An `int64` as the nearest double. */
export function readInt64(reader: WireReader): number {
  const start = reader.at;
  let value = 0;
  for (let index = 0; index < MAX_EXACT_BYTES; index += 1) {
    const byte = readByte(reader);
    value += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) return value;
  }
  reader.at = start;
  return Number(BigInt.asIntN(64, readLarge(reader)));
}

function readLarge(reader: WireReader): bigint {
  let value = 0n;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    const byte = readByte(reader);
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) return value;
  }
  throw new RangeError("a number has more than ten bytes");
}

export function readBool(reader: WireReader): boolean {
  return readLarge(reader) !== 0n;
}

export function readFixed32(reader: WireReader): number {
  const value = reader.view.getUint32(reader.at, true);
  reader.at += 4;
  return value;
}

export function readDouble(reader: WireReader): number {
  const value = reader.view.getFloat64(reader.at, true);
  reader.at += 8;
  return value;
}

/** Reads a length, and gives where what is that long ends. */
export function readEnd(reader: WireReader): number {
  const end = readUint32(reader) + reader.at;
  if (end > reader.bytes.length) throw new RangeError("a field is longer than the body");
  return end;
}

/** `bytes` as text. */
export function readEncoded(reader: WireReader, encoding: "hex" | "base64"): string {
  const end = readEnd(reader);
  const text = reader.bytes.toString(encoding, reader.at, end);
  reader.at = end;
  return text;
}

// Agents send the same few keys, names and models over and over. Which text was last decoded from bytes of a hash: to compare is
// cheaper than to decode, and the text that is found has been hashed before, which spares maps the work.
const MAX_KEPT_BYTES = 48;
const SLOTS = 4096;
const kept: string[] = Array.from({ length: SLOTS }, () => "");

/** A `string`; bytes that are not UTF-8 become U+FFFD. */
export function readText(reader: WireReader): string {
  const end = readEnd(reader);
  const start = reader.at;
  reader.at = end;
  if (end - start > MAX_KEPT_BYTES) return reader.bytes.toString("utf8", start, end);
  const slot = slotOf(reader.bytes, start, end);
  const candidate = kept[slot] ?? "";
  if (candidate.length === end - start && isAscii(candidate, reader.bytes, start)) return candidate;
  const text = reader.bytes.toString("utf8", start, end);
  kept[slot] = text;
  return text;
}

function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}

/** Whether as many bytes are this text. Never of one with other characters, each of which takes more bytes than one. */
function isAscii(text: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code !== bytes[start + index] || code > 127) return false;
  }
  return true;
}

/** Passes over the field whose tag was read. */
export function skipField(reader: WireReader, tag: number, depth = 0): void {
  if (tag < 8) throw new RangeError("a field has the number 0");
  switch (tag & 7) {
    case 0:
      readUint32(reader);
      return;
    case 1:
      return skipBytes(reader, reader.at + 8);
    case 2:
      return skipBytes(reader, readEnd(reader));
    case 3:
      return skipGroup(reader, tag, depth);
    case 5:
      return skipBytes(reader, reader.at + 4);
    default:
      throw new RangeError(`a field has the wire type ${tag & 7}`);
  }
}

function skipBytes(reader: WireReader, end: number): void {
  if (end > reader.bytes.length) throw new RangeError("a field is longer than the body");
  reader.at = end;
}

function skipGroup(reader: WireReader, tag: number, depth: number): void {
  if (depth > MAX_GROUP_DEPTH) throw new RangeError(`groups are nested more than ${MAX_GROUP_DEPTH} deep`);
  for (;;) {
    const inner = readUint32(reader);
    if ((inner & 7) === 4) {
      if (inner !== tag + 1) throw new RangeError("a group ends that did not begin");
      return;
    }
    skipField(reader, inner, depth + 1);
  }
}
