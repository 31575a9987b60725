import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createByteWriter } from "./byte-writer.ts";
import { nativeBlock, type Column } from "./native-block.ts";

type Item = { readonly name: string; readonly tool: string | null; readonly tokens: number; readonly isError: boolean };

const COLUMNS: readonly Column<Item>[] = [
  { name: "n", type: "String", of: (item) => item.name },
  { name: "t", type: "LowCardinality(Nullable(String))", of: (item) => item.tool },
  { name: "c", type: "UInt64", of: (item) => item.tokens },
  { name: "e", type: "Bool", of: (item) => item.isError },
];

/** A text behind its length, as the format has it, for texts of fewer than 128 bytes. */
function text(value: string): number[] {
  return [Buffer.byteLength(value), ...Buffer.from(value)];
}

function uint32(value: number): number[] {
  return [0, 1, 2, 3].map((place) => Math.floor(value / 256 ** place) % 256);
}

function uint64(value: number): number[] {
  return [...uint32(value % 2 ** 32), ...uint32(value / 2 ** 32)];
}

// By hand, from https://clickhouse.com/docs/interfaces/formats/Native and SerializationLowCardinality.
test("a block is its size, and each column with name, type and values", () => {
  const block = nativeBlock(COLUMNS, [
    { name: "é", tool: null, tokens: 1, isError: false },
    { name: "", tool: "refund", tokens: 2 ** 32 + 2, isError: true },
    { name: "a", tool: "refund", tokens: 0, isError: false },
  ]);
  const expected = [
    [4, 3],
    [text("n"), text("String"), text("é"), text(""), text("a")],
    [
      text("t"),
      text("LowCardinality(Nullable(String))"),
      uint64(1),
      uint64(0x600),
      uint64(2),
      text(""),
      text("refund"),
    ],
    [uint64(3), 0, 1, 1],
    [text("c"), text("UInt64"), uint64(1), uint64(2 ** 32 + 2), uint64(0)],
    [text("e"), text("Bool"), 0, 1, 0],
  ];
  expect([...block]).toEqual(expected.flat(2));
});

test("any text is written as UTF-8 behind the number of its bytes, however much came before it", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 5 }), fc.nat(70_000), (texts, before) => {
      const writer = createByteWriter();
      writer.text("x".repeat(before));
      const start = writer.written().length;
      for (const one of texts) writer.text(one);
      const expected = texts.map((one) => Buffer.from(one)).flatMap((bytes) => [varint(bytes.length), bytes]);
      expect(writer.written().subarray(start).equals(Buffer.concat(expected))).toBe(true);
    }),
  );
});

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, ...varint(value >> 7)]);
}
