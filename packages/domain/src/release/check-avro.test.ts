import { expect, test } from "vitest";
import type { JsonValue } from "./canonical-json.ts";
import { checkAvroSchema } from "./check-avro.ts";

function problemsOf(schema: JsonValue): readonly string[] {
  return checkAvroSchema(schema).map(({ path, message }) => `${path.join("/")}: ${message}`);
}

test("a record with every kind of type passes", () => {
  expect(
    problemsOf({
      type: "record",
      name: "Memory",
      namespace: "dev.perch",
      fields: [
        { name: "name", type: ["null", "string"], default: null },
        { name: "since", type: { type: "long", logicalType: "timestamp-millis" } },
        { name: "tier", type: { type: "enum", name: "Tier", symbols: ["free", "paid"] } },
        { name: "other", type: "Tier" },
        { name: "hash", type: { type: "fixed", name: "Hash", size: 32 } },
        { name: "tags", type: { type: "array", items: "string" } },
        { name: "counts", type: { type: "map", values: "dev.perch.Tier" } },
        { name: "parent", type: ["null", "Memory"] },
      ],
    }),
  ).toEqual([]);
});

test.each<[JsonValue, string]>([
  ["string", "type: "],
  [{ type: "record", name: "M" }, "fields: "],
  [{ type: "record", name: "1M", fields: [] }, "name: "],
  [
    { type: "record", name: "M", fields: [{ name: "a", type: "text" }] },
    'fields/0/type: found something else in the Avro schema, expected "text" to be a primitive type or one declared before',
  ],
  [{ type: "record", name: "M", fields: [{ type: "int" }] }, "fields/0: "],
  [
    {
      type: "record",
      name: "M",
      fields: [
        { name: "a", type: "int" },
        { name: "a", type: "int" },
      ],
    },
    "fields/1/name: ",
  ],
  [{ type: "record", name: "M", fields: [{ name: "a", type: [["int"]] }] }, "fields/0/type/0: "],
  [
    { type: "record", name: "M", fields: [{ name: "a", type: { type: "enum", name: "E" } }] },
    "fields/0/type/symbols: ",
  ],
  [
    { type: "record", name: "M", fields: [{ name: "a", type: { type: "fixed", name: "F", size: -1 } }] },
    "fields/0/type/size: ",
  ],
  [{ type: "record", name: "M", fields: [{ name: "a", type: { type: "array" } }] }, "fields/0/type/items: "],
  [
    { type: "record", name: "M", fields: [{ name: "a", type: { type: "fixed", name: "M", size: 1 } }] },
    "fields/0/type/name: ",
  ],
])("%j is refused with its place", (schema, problem) => {
  expect(problemsOf(schema)).toEqual([expect.stringContaining(problem)]);
});
