import { describe, expect, test } from "vitest";
import type { JsonValue } from "./canonical-json.ts";
import { checkJsonSchema } from "./check-json-schema.ts";

function problemsOf(schema: JsonValue): readonly string[] {
  return checkJsonSchema(schema).map(({ path, message }) => `${path.join("/")}: ${message}`);
}

describe("a JSON Schema of any draft passes:", () => {
  test.each<[string, JsonValue]>([
    ["the empty one", {}],
    ["true", true],
    [
      "draft 2020-12",
      {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        required: ["order"],
        properties: {
          order: { type: "string", pattern: "^[A-Z]\\d{4}$", description: "Its number." },
          amount: { type: ["number", "null"], minimum: 0, exclusiveMaximum: 500, multipleOf: 0.01 },
          lines: { type: "array", items: { $ref: "#/$defs/line" }, minItems: 1, uniqueItems: true },
          pair: { prefixItems: [{ type: "string" }, { type: "integer" }], items: false },
        },
        additionalProperties: false,
        $defs: { line: { anyOf: [{ const: 1 }, { enum: ["a", null] }, { not: { $ref: "#" } }] } },
        dependentRequired: { amount: ["order"] },
      },
    ],
    [
      "draft 4, with a list of items and a flag",
      {
        items: [{ type: "string" }],
        definitions: { "a/b": {} },
        minimum: 1,
        exclusiveMinimum: true,
        $ref: "#/definitions/a~1b",
      },
    ],
    ["with keywords of somebody else", { "x-order": 1, nullable: true, discriminator: { propertyName: "kind" } }],
    ["with a property that is called as a keyword", { properties: { type: { type: "string" }, required: {} } }],
  ])("%s", (_, schema) => {
    expect(problemsOf(schema)).toEqual([]);
  });
});

describe("refused with the place of each problem:", () => {
  test.each<[JsonValue, string]>([
    ["text", ': found "text" as "schema", expected a JSON Schema: an object, true or false'],
    [{ type: "text" }, 'type: found "text" as "type", expected one of null, boolean,'],
    [{ type: [] }, 'type: found a list as "type", expected a type'],
    [{ required: true }, 'required: found true as "required", expected a list of names'],
    [{ required: ["a", "a"] }, 'required/1: found "a" as "1", expected each name once'],
    [{ properties: [] }, 'properties: found a list as "properties", expected an object of JSON Schemas by name'],
    [{ properties: { a: "string" } }, 'properties/a: found "string" as "a", expected a JSON Schema'],
    [{ items: { properties: { b: null } } }, 'items/properties/b: found null as "b", expected a JSON Schema'],
    [{ anyOf: [] }, 'anyOf: found a list as "anyOf", expected a list of JSON Schemas'],
    [{ enum: "a" }, 'enum: found "a" as "enum", expected a list'],
    [{ minLength: -1 }, 'minLength: found -1 as "minLength", expected a whole number from 0 on'],
    [{ pattern: "(" }, 'pattern: found "(" as "pattern", expected a regular expression'],
    [{ $ref: "other.json" }, '$ref: found "other.json" as "$ref", expected a reference within this schema'],
    [{ $ref: "https://example.com/schema" }, "$ref: found"],
    [{ $ref: "#/$defs/a" }, '$ref: found "#/$defs/a" as "$ref", expected a reference to a schema that is there'],
    [{ $ref: "#/constructor" }, "$ref: found"],
  ])("%j", (schema, problem) => {
    expect(problemsOf(schema)).toEqual([expect.stringContaining(problem)]);
  });

  test("several at once, and never more than anybody would read", () => {
    expect(problemsOf({ type: 1, required: 2, properties: 3 })).toHaveLength(3);
    expect(problemsOf({ required: Array.from({ length: 1000 }, () => 1) })).toHaveLength(100);
  });
});
