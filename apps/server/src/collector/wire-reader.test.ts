import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  createWireReader,
  readBool,
  readDouble,
  readInt32,
  readInt64,
  readText,
  readUint32,
  skipField,
} from "./wire-reader.ts";

function reading(write: (writer: BinaryWriter) => void) {
  const writer = new BinaryWriter();
  write(writer);
  return createWireReader(writer.finish());
}

test("numbers are read as protobuf's own library writes them", () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const anyNumbers = fc.tuple(int64, fc.integer(), fc.nat(), fc.double(), fc.boolean());
  fc.assert(
    fc.property(anyNumbers, ([large, int32, uint32, double, bool]) => {
      const reader = reading((writer) => writer.int64(large).int32(int32).uint32(uint32).double(double).bool(bool));
      expect(readInt64(reader)).toBe(Number(large));
      expect(readInt32(reader)).toBe(int32);
      expect(readUint32(reader)).toBe(uint32);
      expect(readDouble(reader)).toBe(double);
      expect(readBool(reader)).toBe(bool);
      expect(reader.at).toBe(reader.bytes.length);
    }),
  );
});

test("texts are those of the bytes, whatever was read before", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom("Ã", "Ã\u0083", "aa", "ab"));
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 30 }), (texts) => {
      const reader = reading((writer) => texts.forEach((text) => void writer.bytes(Buffer.from(text))));
      expect(texts.map(() => readText(reader))).toEqual(texts.map((text) => Buffer.from(text).toString()));
    }),
  );
});

test("bytes that are no UTF-8 are never taken for a text that was read before", () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const known = String.fromCharCode(byte);
    readText(reading((writer) => writer.string(known)));
    const reader = reading((writer) => writer.bytes(Uint8Array.of(byte)));
    expect(readText(reader)).toBe(Buffer.of(byte).toString());
  }
});

test("a field that nobody reads is passed over whole, groups and all", () => {
  const reader = reading((writer) =>
    writer
      .tag(1, WireType.StartGroup)
      .tag(2, WireType.Varint)
      .int64(-1n)
      .tag(3, WireType.Bit64)
      .double(1)
      .tag(4, WireType.LengthDelimited)
      .string("text")
      .tag(5, WireType.Bit32)
      .float(1)
      .tag(1, WireType.EndGroup),
  );
  skipField(reader, readUint32(reader));
  expect(reader.at).toBe(reader.bytes.length);
});

test.each([
  ["a group that another one ends", [11, 20]],
  ["a group without an end", [11, 16, 1]],
  ["groups in groups without end", Array.from({ length: 5000 }, () => 11)],
  ["an end without a group", [12]],
  ["a wire type that does not exist", [14]],
  ["a field with the number 0", [2, 0]],
  ["a number of more than ten bytes", [8, ...Array.from({ length: 10 }, () => 255), 1]],
  ["a length beyond the body", [10, 5, 1]],
  ["fixed bytes beyond the body", [9, 1, 2]],
])("%s is refused", (_, bytes) => {
  const reader = createWireReader(Uint8Array.from(bytes));
  expect(() => skipField(reader, readUint32(reader))).toThrow(RangeError);
});
