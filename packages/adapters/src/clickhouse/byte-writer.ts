/** Writes the few primitives of ClickHouse's binary formats one after the other; all numbers are little-endian. */
export type ByteWriter = {
  readonly byte: (value: number) => void;
  /** 7 bits a byte, the lowest first. */
  readonly varint: (value: number) => void;
  /** A whole number from 0, as UInt64. */
  readonly count: (value: number) => void;
  readonly uint32: (value: number) => void;
  readonly float: (value: number) => void;
  /** The number of its bytes, and its bytes in UTF-8; half a character becomes U+FFFD. */
  readonly text: (value: string) => void;
  /** A copy of what was written, no longer than that. */
  readonly written: () => Buffer;
};

const FIRST_BYTES = 256 * 1024;
const MOST_BYTES_KEPT = 4 * 1024 * 1024;
/** Longer ones are worth a call out of JavaScript. */
const SHORT_TEXT = 96;
const MOST_BYTES_A_CHARACTER = 3;

// Written into by one writer after the other: memory outside of the heap, if it is taken anew each time, has all of the heap gone
// through several times a second.
let scratch = Buffer.allocUnsafeSlow(FIRST_BYTES);

/** Whoever creates one is done with it before somebody else does. */
export function createByteWriter(): ByteWriter {
  let bytes = scratch;
  let view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;

  function reserve(more: number): void {
    if (end + more <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, end + more));
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
    if (larger.length <= MOST_BYTES_KEPT) scratch = larger;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  function varint(value: number): void {
    reserve(8);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes[end++] = (rest % 128) + 128;
    bytes[end++] = rest;
  }

  function uint32(value: number): void {
    reserve(4);
    view.setUint32(end, value, true);
    end += 4;
  }

  return {
    byte(value) {
      reserve(1);
      bytes[end++] = value;
    },
    varint,
    uint32,
    count(value) {
      const high = value < 2 ** 32 ? 0 : Math.floor(value / 2 ** 32);
      uint32(value - high * 2 ** 32);
      uint32(high);
    },
    float(value) {
      reserve(8);
      view.setFloat64(end, value, true);
      end += 8;
    },
    text(value) {
      reserve(value.length * MOST_BYTES_A_CHARACTER + 8);
      const after = putShort(bytes, end, value);
      if (after === null) varint(Buffer.byteLength(value));
      end = after ?? end + bytes.write(value, end);
    },
    written: () => Buffer.copyBytesFrom(bytes, 0, end),
  };
}

/** Where it ends, if the text was short and ASCII and so is written. */
function putShort(bytes: Buffer, at: number, value: string): number | null {
  const { length } = value;
  if (length > SHORT_TEXT) return null;
  bytes[at] = length;
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 127) return null;
    bytes[at + 1 + index] = code;
  }
  return at + 1 + length;
}
