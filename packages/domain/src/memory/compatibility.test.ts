import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../release/canonical-json.ts";
import { checkCompatibility } from "./compatibility.ts";
import type { Compatibility } from "./findings.ts";

const avro = (reader: JsonValue, writer: JsonValue): Compatibility =>
  checkCompatibility({ format: "avro", definition: reader }, { format: "avro", definition: writer });
const jsonSchema = (reader: JsonValue, writer: JsonValue): Compatibility =>
  checkCompatibility({ format: "json-schema", definition: reader }, { format: "json-schema", definition: writer });

const problems = (result: Compatibility): readonly string[] =>
  result.kind === "compatible" ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);

type Row = readonly [reader: JsonValue, writer: JsonValue, problems: readonly string[]];

const record = (
  name: string,
  fields: readonly JsonValue[],
  more: Readonly<Record<string, JsonValue>> = {},
): JsonValue => ({
  type: "record",
  name,
  fields,
  ...more,
});
const field = (name: string, type: JsonValue, more: Readonly<Record<string, JsonValue>> = {}): JsonValue => ({
  name,
  type,
  ...more,
});

describe("Avro primitives, by the promotions of the specification:", () => {
  const names = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
  const promoted: Readonly<Record<string, readonly string[]>> = {
    int: ["long", "float", "double"],
    long: ["float", "double"],
    float: ["double"],
    string: ["bytes"],
    bytes: ["string"],
  };
  test.each(names.flatMap((writer) => names.map((reader) => [writer, reader] as const)))(
    "%s read as %s",
    (writer, reader) => {
      const isReadable = writer === reader || (promoted[writer]?.includes(reader) ?? false);
      expect(problems(avro(reader, writer))).toEqual(
        isReadable ? [] : [`$: the reader expects ${reader}, the writer writes ${writer}`],
      );
    },
  );
});

describe("Avro:", () => {
  const suit = (symbols: readonly string[], more = {}): JsonValue => ({ type: "enum", name: "Suit", symbols, ...more });
  const fixed = (name: string, size: number, more = {}): JsonValue => ({ type: "fixed", name, size, ...more });
  const decimal = (precision: number, scale: number): JsonValue => ({
    type: "bytes",
    logicalType: "decimal",
    precision,
    scale,
  });
  const list = (value: JsonValue): JsonValue =>
    record("List", [field("value", value), field("next", ["null", "List"])]);
  const rows: Readonly<Record<string, Row>> = {
    "a field that only the writer has is ignored": [record("R", []), record("R", [field("a", "int")]), []],
    "a field that only the reader has needs a default": [
      record("R", [field("a", "int"), field("b", "int", { default: 1 })]),
      record("R", []),
      ["$.a: the reader has no default for this field, and the writer does not have it"],
    ],
    "a default of another type is none": [
      record("R", [field("a", "string", { default: null })]),
      record("R", []),
      ["$.a: the reader's default for this field, which the writer does not have, is not of its type"],
    ],
    "a default may be of any branch": [
      record("R", [field("a", ["null", "string"], { default: "x" })]),
      record("R", []),
      [],
    ],
    "the order of fields does not matter": [
      record("R", [field("a", "int"), field("b", "string")]),
      record("R", [field("b", "string"), field("a", "int")]),
      [],
    ],
    "fields are also found by alias": [
      record("R", [field("b", "int", { aliases: ["a"] })]),
      record("R", [field("a", "int")]),
      [],
    ],
    "a nested field is named by its path": [
      record("R", [field("list", { type: "array", items: record("Item", [field("sku", "int")]) })]),
      record("R", [field("list", { type: "array", items: record("Item", [field("sku", "string")]) })]),
      ["$.list[*].sku: the reader expects int, the writer writes string"],
    ],
    "records of another name do not match": [
      record("R", []),
      record("S", []),
      ["$: the reader expects record R, the writer writes record S"],
    ],
    "records of another namespace match by their own name": [record("a.R", []), record("b.R", []), []],
    "records match by alias": [record("R", [], { namespace: "n", aliases: ["S"] }), record("n.S", []), []],
    "an alias is of the reader's namespace": [
      record("n.R", [], { aliases: ["S"] }),
      record("other.S", []),
      ["$: the reader expects record n.R, the writer writes record other.S"],
    ],
    "an enum reads the symbols that it knows": [suit(["A", "B"]), suit(["B"]), []],
    "an unknown symbol needs a default": [
      suit(["A"]),
      suit(["A", "B"]),
      ["$: the reader does not know B and has no default symbol"],
    ],
    "an unknown symbol reads as the default": [suit(["A"], { default: "A" }), suit(["A", "B"]), []],
    "fixed of the same size and name": [fixed("F", 4), fixed("F", 4), []],
    "fixed of another size": [
      fixed("F", 4),
      fixed("F", 8),
      ["$: the reader expects fixed F of 4 bytes, the writer writes fixed F of 8 bytes"],
    ],
    "fixed of another name": [
      fixed("F", 4),
      fixed("G", 4),
      ["$: the reader expects fixed F of 4 bytes, the writer writes fixed G of 4 bytes"],
    ],
    "fixed by alias": [fixed("F", 4, { aliases: ["G"] }), fixed("G", 4), []],
    "values of maps": [
      { type: "map", values: "int" },
      { type: "map", values: "long" },
      ["$.*: the reader expects int, the writer writes long"],
    ],
    "arrays are no maps": [
      { type: "array", items: "int" },
      { type: "map", values: "int" },
      ["$: the reader expects array, the writer writes map"],
    ],
    "a union reads a type of its branches": [["null", "long"], "int", []],
    "a union reads no other": [
      ["null", "string"],
      "int",
      ["$: the writer may write int, the reader expects one of null, string"],
    ],
    "every branch of the writer counts": [
      "string",
      ["null", "string"],
      ["$(null): the reader expects string, the writer writes null"],
    ],
    "unions of unions": [
      ["null", "string"],
      ["string", "int"],
      ["$(int): the writer may write int, the reader expects one of null, string"],
    ],
    "the first branch that matches is taken": [
      [record("R", [field("a", "int")]), "null"],
      record("R", [field("a", "string")]),
      ["$.a: the reader expects int, the writer writes string"],
    ],
    "a type that refers to itself": [list("long"), list("int"), []],
    "a change in a type that refers to itself": [
      list("int"),
      list("string"),
      ["$.value: the reader expects int, the writer writes string"],
    ],
    "decimals of another scale": [
      decimal(4, 1),
      decimal(4, 2),
      ["$: the reader expects decimal(4,1), the writer writes decimal(4,2)"],
    ],
    "times in another unit": [
      { type: "long", logicalType: "timestamp-micros" },
      { type: "long", logicalType: "timestamp-millis" },
      ["$: the reader expects timestamp-micros, the writer writes timestamp-millis"],
    ],
    "a logical type on one side": [{ type: "long", logicalType: "timestamp-millis" }, "long", []],
    "a named type used again": [
      record("n.R", [field("a", suit(["A"])), field("b", "Suit")]),
      record("n.R", [field("a", suit(["A"])), field("b", "n.Suit")]),
      [],
    ],
  };
  test.each(Object.entries(rows))("%s", (_, [reader, writer, expected]) => {
    expect(problems(avro(reader, writer))).toEqual(expected);
  });
});

describe("what is no Avro is said to be none:", () => {
  test.each<readonly [JsonValue, string]>([
    ["text", '$: the reader\'s schema is no Avro: found "text", expected a type of Avro or of this schema'],
    [17, "$: the reader's schema is no Avro: found 17, expected a type"],
    [{ type: "record", name: "R" }, "$: the reader's schema is no Avro: found a record R without a list of fields"],
    [record("R-1", []), '$: the reader\'s schema is no Avro: found "R-1", expected a name'],
    [
      record("R", [field("a", "int"), field("a", "int")]),
      "$.a: the reader's schema is no Avro: found a second field of this name",
    ],
    [
      record("R", [field("a", "Gone")]),
      '$.a: the reader\'s schema is no Avro: found "Gone", expected a type of Avro or of this schema',
    ],
    [record("R", [field("a", record("R", []))]), "$.a: the reader's schema is no Avro: found a second definition of R"],
    [{ type: "enum", name: "E", symbols: [] }, "$: the reader's schema is no Avro: found an enum without symbols"],
    [
      { type: "enum", name: "E", symbols: ["A"], default: "B" },
      '$: the reader\'s schema is no Avro: found default "B", expected one of the symbols',
    ],
    [{ type: "fixed", name: "F" }, "$: the reader's schema is no Avro: found a fixed without a size"],
    [[["int"], "string"], "$: the reader's schema is no Avro: found a union right inside of a union"],
    [[], "$: the reader's schema is no Avro: found a union of nothing"],
  ])("%j", (reader, message) => {
    expect(problems(avro(reader, "int"))[0]).toBe(message);
  });

  test("nor is anything that JSON can say a reason to fail", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (reader, writer) => {
        expect(["compatible", "incompatible"]).toContain(avro(reader as JsonValue, writer as JsonValue).kind);
        expect(["compatible", "incompatible"]).toContain(jsonSchema(reader as JsonValue, writer as JsonValue).kind);
      }),
    );
  });

  test("hostile sizes and depths are bounded", () => {
    const deep: JsonValue = JSON.parse(`${'{"type":"array","items":'.repeat(50_000)}"int"${"}".repeat(50_000)}`);
    const chain = (type: string): JsonValue =>
      record(
        "All",
        Array.from({ length: 20_000 }, (_, index) =>
          field(`f${index}`, record(`R${index}`, [field("next", index === 19_999 ? type : `R${index + 1}`)])),
        ),
      );
    const union = (first: number): JsonValue =>
      Array.from({ length: 500 }, (_, index) => record(`R${first + index}`, []));
    const wide = (type: string): JsonValue =>
      record(
        "R",
        Array.from({ length: 50_000 }, (_, index) => field(`f${index}`, type)),
      );
    const startedAt = performance.now();
    expect(avro(deep, deep).kind).toBe("incompatible");
    expect(avro(chain("int"), chain("string")).kind).toBe("incompatible");
    expect(problems(avro(union(0), union(1000)))).toHaveLength(201);
    expect(problems(avro(wide("int"), wide("string")))).toHaveLength(201);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }, 20_000);

  test("a default that could be read in very many ways is given up on", () => {
    const either: JsonValue = [record("S", [field("a", ["S", "T"])]), record("T", [field("a", ["S", "T"])])];
    let value: JsonValue = 1;
    for (let depth = 0; depth < 60; depth += 1) value = { a: value };
    const reader = record("R", [field("either", either, { default: value })]);
    const startedAt = performance.now();
    expect(problems(avro(reader, record("R", []))).length).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }, 20_000);
});

describe("JSON Schema:", () => {
  const object = (properties: JsonValue, more: Readonly<Record<string, JsonValue>> = {}): JsonValue => ({
    type: "object",
    properties,
    ...more,
  });
  const rows: Readonly<Record<string, Row>> = {
    "an optional field more": [object({ a: {}, b: {} }), object({ a: {} }), []],
    "a field fewer is ignored": [object({ a: {} }), object({ a: {}, b: {} }, { required: ["b"] }), []],
    "a field fewer for a reader that refuses unknown ones": [
      object({ a: {} }, { additionalProperties: false }),
      object({ a: {}, b: {} }, { additionalProperties: false }),
      ["$.b: the reader refuses this field, which the writer has"],
    ],
    "a required field without a default": [
      object({ a: {} }, { required: ["a"] }),
      object({}),
      ["$.a: the reader requires this field and has no default for it, and the writer does not have it"],
    ],
    "a required field with a default": [object({ a: { default: 1 } }, { required: ["a"] }), object({}), []],
    "a field that became required": [
      object({ a: {} }, { required: ["a"] }),
      object({ a: {} }),
      ["$.a: the reader requires this field and has no default for it, and the writer may leave it out"],
    ],
    "a field that became required with a default": [
      object({ a: { default: 1 } }, { required: ["a"] }),
      object({ a: {} }),
      [],
    ],
    "another type": [
      object({ a: { type: "string" } }),
      object({ a: { type: "integer" } }),
      ["$.a: the reader expects string, the writer writes integer"],
    ],
    "a wider type": [object({ a: { type: "number" } }), object({ a: { type: "integer" } }), []],
    "a value less": [
      object({ a: { enum: ["x"] } }),
      object({ a: { enum: ["x", "y"] } }),
      ['$.a: the reader no longer takes "y"'],
    ],
    "a value more": [object({ a: { enum: ["x", "y"] } }), object({ a: { enum: ["x"] } }), []],
  };
  test.each(Object.entries(rows))("%s", (_, [reader, writer, expected]) => {
    expect(problems(jsonSchema(reader, writer))).toEqual(expected);
  });
});

test("schemas of different formats are not compatible", () => {
  expect(checkCompatibility({ format: "avro", definition: "int" }, { format: "json-schema", definition: {} })).toEqual({
    kind: "incompatible",
    problems: [{ path: "$", message: "the reader expects avro, the writer writes json-schema" }],
    notes: [],
  });
});
