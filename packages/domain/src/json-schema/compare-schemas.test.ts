import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../release/canonical-json.ts";
import { compareSchemas } from "./compare-schemas.ts";
import type { SchemaChange } from "./schema-change.ts";

type Row = readonly [before: JsonValue, after: JsonValue, changes: readonly string[]];

/** `narrows $.a became required`; a change that refuses and accepts more is `both`, one for readers only `note`. */
function line({ path, words, narrows, widens }: SchemaChange): string {
  if (narrows && widens) return `both ${path} ${words}`;
  if (narrows || widens) return `${narrows ? "narrows" : "widens"} ${path} ${words}`;
  return `note ${path} ${words}`;
}

const lines = (before: JsonValue, after: JsonValue) => compareSchemas(before, after).map(line);
const object = (properties: JsonValue, more: Readonly<Record<string, JsonValue>> = {}): JsonValue => ({
  type: "object",
  properties,
  ...more,
});
const closed = { additionalProperties: false };

function check(rows: Readonly<Record<string, Row>>): void {
  test.each(Object.entries(rows))("%s", (_, [before, after, changes]) => {
    expect(lines(before, after)).toEqual(changes);
  });
}

describe("properties:", () => {
  check({
    "an optional one more": [object({}), object({ a: { type: "string" } }), ["note $.a added, optional"]],
    "an optional one more in a closed object": [
      object({}, closed),
      object({ a: {} }, closed),
      ["widens $.a added, optional"],
    ],
    "a required one more": [object({}), object({ a: {} }, { required: ["a"] }), ["narrows $.a added, required"]],
    "one fewer": [object({ a: {} }), object({}), ["note $.a removed, was optional"]],
    "one fewer in a closed object": [
      object({ a: {} }, closed),
      object({}, closed),
      ["narrows $.a removed, was optional"],
    ],
    "a required one fewer": [object({ a: {} }, { required: ["a"] }), object({}), ["widens $.a removed, was required"]],
    "now required": [object({ a: {} }), object({ a: {} }, { required: ["a"] }), ["narrows $.a became required"]],
    "now optional": [object({ a: {} }, { required: ["a"] }), object({ a: {} }), ["widens $.a became optional"]],
    "required without being described": [object({}), object({}, { required: ["a"] }), ["narrows $.a became required"]],
    "closed now": [object({}), object({}, closed), ["narrows $ refuses fields that it does not name"]],
    "open now": [object({}, closed), object({}), ["widens $ takes fields that it does not name"]],
    "a type for the other fields": [
      object({}, { additionalProperties: { type: "string" } }),
      object({}, { additionalProperties: { type: "integer" } }),
      ["both $.* changed its type from string to integer"],
    ],
    "one more that the other fields' schema described differently": [
      object({}, { additionalProperties: { type: "string" } }),
      object({ a: { type: "string", maxLength: 3 } }, { additionalProperties: { type: "string" } }),
      ["note $.a added, optional", "narrows $.a maxLength none → 3"],
    ],
    "a pattern for an open object": [
      object({}),
      object({}, { patternProperties: { "^x": {} } }),
      ['narrows $ has a rule for fields like "^x"'],
    ],
    "a pattern for a closed object": [
      object({}, closed),
      object({}, { ...closed, patternProperties: { "^x": {} } }),
      ['widens $ takes fields like "^x"'],
    ],
    "named like members of every object": [
      object({}),
      JSON.parse('{"type":"object","properties":{"__proto__":{},"constructor":{}},"required":["__proto__"]}'),
      ["narrows $.__proto__ added, required", "note $.constructor added, optional"],
    ],
    nested: [
      object({ order: object({ lines: { type: "array", items: object({ "delivery date": { minLength: 1 } }) } }) }),
      object({ order: object({ lines: { type: "array", items: object({ "delivery date": { minLength: 2 } }) } }) }),
      ['narrows $.order.lines[*]["delivery date"] minLength 1 → 2'],
    ],
  });
});

describe("types:", () => {
  check({
    retyped: [{ type: "string" }, { type: "integer" }, ["both $ changed its type from string to integer"]],
    "retyped, whatever else": [
      { type: "string", minLength: 3 },
      { type: "integer", minimum: 3 },
      ["both $ changed its type from string to integer"],
    ],
    "an integer is a number": [{ type: "integer" }, { type: "number" }, ["widens $ takes fractions too"]],
    "a number is more than an integer": [
      { type: "number" },
      { type: "integer" },
      ["narrows $ takes integer now, no longer fractions"],
    ],
    "null as well": [{ type: "string" }, { type: ["string", "null"] }, ["widens $ takes null too"]],
    "null no longer": [
      { type: ["string", "null"] },
      { type: "string" },
      ["narrows $ takes string now, no longer null"],
    ],
    "nullable, as OpenAPI 3.0 writes it": [
      { type: "string", nullable: true },
      { type: ["string", "null"] },
      ["note $ is written in another way and takes the same"],
    ],
    "a type for what had none": [
      {},
      { type: "boolean" },
      ["narrows $ takes boolean now, no longer null or object or array or string or number"],
    ],
    "an unknown type": [{ type: "string" }, { type: "text" }, ["both $ has a type that JSON Schema does not know"]],
    "true and {} are one": [true, {}, ["note $ is written in another way and takes the same"]],
    "nothing at all": [object({ a: true }), object({ a: false }), ["narrows $.a takes no value now"]],
    "the same in two places": [
      object({ a: { items: false }, b: { items: false } }),
      object({ a: { items: true }, b: { items: true } }),
      ["widens $.a[*] took no value before", "widens $.b[*] took no value before"],
    ],
    "something after nothing": [object({ a: false }), object({ a: true }), ["widens $.a took no value before"]],
  });
});

describe("listed values:", () => {
  check({
    "one gone": [{ enum: ["a", "b"] }, { enum: ["a"] }, ['narrows $ no longer takes "b"']],
    "one more": [{ enum: ["a"] }, { enum: ["a", "b"] }, ['widens $ takes "b" too']],
    "in another order": [
      { enum: ["a", "b"] },
      { enum: ["b", "a"] },
      ["note $ is written in another way and takes the same"],
    ],
    "one replaced": [{ const: "a" }, { const: "b" }, ['narrows $ no longer takes "a"', 'widens $ takes "b" too']],
    "a list where there was none": [
      { type: "string" },
      { type: "string", enum: ["a"] },
      ['narrows $ takes only "a" now'],
    ],
    "no list where there was one": [
      { type: "string", enum: ["a"] },
      { type: "string" },
      ['widens $ takes more than "a" now'],
    ],
    "limits instead of a list": [
      { type: "integer", enum: [1, 20] },
      { type: "integer", maximum: 10 },
      ["widens $ takes more than 1, 20 now", "narrows $ may refuse 20 by its new limits"],
    ],
    "a list instead of limits": [
      { type: "integer", minimum: 0 },
      { type: "integer", enum: [1, -1] },
      ["narrows $ takes only 1, -1 now", "widens $ takes -1 now, whatever its limits were before"],
    ],
    "objects, whatever the order of their names": [
      { enum: [{ a: 1, b: 2 }] },
      { enum: [{ b: 2, a: 1 }, { a: 2 }] },
      ['widens $ takes {"a":2} too'],
    ],
    many: [{ enum: [1, 2, 3, 4, 5, 6, 7, 8] }, { enum: [1] }, ["narrows $ no longer takes 2, 3, 4, 5, 6 and 2 more"]],
  });
});

describe("limits:", () => {
  check({
    "minimum raised": [{ minimum: 1 }, { minimum: 5 }, ["narrows $ minimum 1 → 5"]],
    "minimum lowered": [{ minimum: 5 }, { minimum: 1 }, ["widens $ minimum 5 → 1"]],
    "minimum new": [{ type: "number" }, { type: "number", minimum: 5 }, ["narrows $ minimum none → 5"]],
    "maximum lowered": [{ maximum: 5 }, { maximum: 1 }, ["narrows $ maximum 5 → 1"]],
    "maximum gone": [{ type: "number", maximum: 5 }, { type: "number" }, ["widens $ maximum 5 → none"]],
    "exclusive now": [{ minimum: 5 }, { exclusiveMinimum: 5 }, ["narrows $ minimum 5 → above 5"]],
    "exclusive no longer": [
      { type: "number", exclusiveMaximum: 5 },
      { type: "number", maximum: 5 },
      ["widens $ maximum below 5 → 5"],
    ],
    "exclusive by a flag, as in draft 4": [
      { type: "number", minimum: 5, exclusiveMinimum: true },
      { type: "number", exclusiveMinimum: 5 },
      ["note $ is written in another way and takes the same"],
    ],
    "exclusive for integers is the next one": [
      { type: "integer", exclusiveMinimum: 0 },
      { type: "integer", minimum: 1 },
      ["note $ is written in another way and takes the same"],
    ],
    "longer at least": [{ minLength: 1 }, { minLength: 2 }, ["narrows $ minLength 1 → 2"]],
    "a default limit spelt out": [
      { type: "string" },
      { type: "string", minLength: 0 },
      ["note $ is written in another way and takes the same"],
    ],
    "shorter at most": [{ maxLength: 9 }, { maxLength: 2 }, ["narrows $ maxLength 9 → 2"]],
    "more items": [{ maxItems: 2 }, { maxItems: 3 }, ["widens $ maxItems 2 → 3"]],
    "fewer fields": [{ minProperties: 2 }, { minProperties: 1 }, ["widens $ minProperties 2 → 1"]],
    "every item once": [{ uniqueItems: false }, { uniqueItems: true }, ["narrows $ takes every item only once now"]],
    "of a type that neither takes": [
      { type: "string", minimum: 1 },
      { type: "string", minimum: 2 },
      ["note $ is written in another way and takes the same"],
    ],
    "multiples of more": [{ multipleOf: 2 }, { multipleOf: 4 }, ["narrows $ takes multiples of 4 now, not of 2"]],
    "multiples of less": [
      { multipleOf: 0.3 },
      { multipleOf: 0.1 },
      ["widens $ takes multiples of 0.1 now, not of 0.3"],
    ],
    "multiples of something else": [
      { multipleOf: 2 },
      { multipleOf: 3 },
      ["both $ takes multiples of 3 now, not of 2"],
    ],
  });
});

describe("what cannot be told:", () => {
  const cannot = "whether it takes less or more cannot be told";
  check({
    "another pattern": [{ pattern: "a+" }, { pattern: "a*" }, [`both $ pattern "a+" → "a*": ${cannot}`]],
    "a pattern more": [{ type: "string" }, { type: "string", pattern: "a" }, ['narrows $ pattern "a" is new']],
    "a pattern fewer": [{ pattern: "a" }, {}, ['widens $ pattern "a" is gone']],
    "another format": [{ format: "date" }, { format: "uri" }, [`both $ format "date" → "uri": ${cannot}`]],
    "another negation": [
      { not: { type: "null" } },
      { not: { type: "array" } },
      [`both $ not {"type":"null"} → {"type":"array"}: ${cannot}`],
    ],
    "a condition more": [object({}), object({}, { if: {} }), ["narrows $ if {} is new"]],
    "fewer asked for": [
      { type: "array", contains: {} },
      { type: "array", contains: {}, minContains: 0 },
      [`both $ minContains nothing → 0: ${cannot}`],
    ],
    "a schema elsewhere": [
      { $ref: "https://schemas.example/a" },
      { $ref: "https://schemas.example/b" },
      ["both $ refers to a schema outside of this document: what it takes cannot be told"],
    ],
  });
});

describe("arrays:", () => {
  check({
    items: [
      { items: { type: "string" } },
      { items: { type: "null" } },
      ["both $[*] changed its type from string to null"],
    ],
    "a position of a tuple": [
      { prefixItems: [{ minimum: 1 }, { minimum: 1 }] },
      { prefixItems: [{ minimum: 1 }, { minimum: 2 }] },
      ["narrows $[1] minimum 1 → 2"],
    ],
    "a longer tuple": [
      { prefixItems: [true], items: false },
      { prefixItems: [true, true], items: false },
      ["widens $[1] took no value before"],
    ],
    "a tuple as in draft 7": [
      { items: [{ type: "string" }], additionalItems: false },
      { prefixItems: [{ type: "string" }], items: false },
      ["note $ is written in another way and takes the same"],
    ],
  });
});

describe("unions:", () => {
  const card = object({ kind: { const: "card" }, number: { type: "string" } }, { required: ["kind", "number"] });
  const cash = object({ kind: { const: "cash" } }, { required: ["kind"] });
  const cheque = object({ kind: { const: "cheque" } }, { required: ["kind"] });
  check({
    "in another order": [
      { anyOf: [card, cash] },
      { anyOf: [cash, card] },
      ["note $ is written in another way and takes the same"],
    ],
    "an alternative more": [{ anyOf: [card] }, { anyOf: [card, cash] }, ['widens $ takes kind "cash" too']],
    "an alternative fewer": [{ oneOf: [card, cash] }, { oneOf: [card] }, ['narrows $ no longer takes kind "cash"']],
    "a change inside of one": [
      { oneOf: [card, cash, cheque] },
      {
        oneOf: [cash, cheque, object({ kind: { const: "card" }, number: { type: "string" } }, { required: ["kind"] })],
      },
      ['widens $(kind "card").number became optional'],
    ],
    "optional by a union or by a list of types": [
      { anyOf: [{ type: "string" }, { type: "null" }] },
      { type: ["string", "null"] },
      ["note $ is written in another way and takes the same"],
    ],
    "null as well": [
      { type: "string" },
      { anyOf: [{ type: "string" }, { type: "null" }] },
      ["widens $ takes null too"],
    ],
    "retyped beside null": [
      { anyOf: [{ type: "string" }, { type: "null" }] },
      { anyOf: [{ type: "integer" }, { type: "null" }] },
      ["both $ changed its type from string to integer"],
    ],
    "one that another takes already": [
      { anyOf: [{ type: "number" }] },
      { anyOf: [{ type: "number" }, { type: "integer", minimum: 3 }] },
      ["note $ is written in another way and takes the same"],
    ],
    "at least one of two fields": [
      object({ a: {}, b: {} }),
      object({ a: {}, b: {} }, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }),
      ["narrows $ no longer takes whatever fits none of its alternatives"],
    ],
    "exactly one, among alternatives that overlap": [
      { oneOf: [{ minimum: 3 }] },
      { oneOf: [{ minimum: 3 }, { maximum: 5 }] },
      [
        "widens $ takes any value too",
        "both $ changed among alternatives that may overlap: what oneOf refuses then cannot be told",
      ],
    ],
    "exactly one instead of any, among alternatives that do not overlap": [
      { anyOf: [card, cash] },
      { oneOf: [card, cash] },
      ["note $ is written in another way and takes the same"],
    ],
  });
});

describe("allOf and $ref:", () => {
  const money = object({ amount: { type: "number" } }, { required: ["amount"] });
  check({
    "a reference and what it means": [
      { $defs: { money }, $ref: "#/$defs/money" },
      money,
      ["note $ is written in another way and takes the same"],
    ],
    "a change behind a reference": [
      { $ref: "#/$defs/money", $defs: { money } },
      { $ref: "#/$defs/money", $defs: { money: object({ amount: { type: "number" } }) } },
      ["widens $.amount became optional"],
    ],
    "a description beside a reference": [
      object({ price: { $ref: "#/$defs/money" } }, { $defs: { money } }),
      object({ price: { $ref: "#/$defs/money", description: "Gross." } }, { $defs: { money } }),
      ['note $.price description nothing → "Gross."'],
    ],
    "a pointer with escapes": [
      { $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": { minimum: 1 } } },
      { $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": { minimum: 2 } } },
      ["narrows $ minimum 1 → 2"],
    ],
    "an anchor": [
      { $ref: "#money", $defs: { x: { $anchor: "money", minimum: 1 } } },
      { $ref: "#money", $defs: { x: { $anchor: "money", minimum: 2 } } },
      ["narrows $ minimum 1 → 2"],
    ],
    "moved into a branch": [
      object({ a: {}, b: {} }, { required: ["b"] }),
      { type: "object", properties: { a: {} }, allOf: [{ properties: { b: {} }, required: ["b"] }] },
      ["note $ is written in another way and takes the same"],
    ],
    "a condition more that speaks of the same": [
      { allOf: [{ minimum: 1 }, { minimum: 2 }] },
      { allOf: [{ minimum: 1 }, { minimum: 2 }, { minimum: 3 }] },
      ["narrows $ has 1 more conditions in allOf"],
    ],
    "a cycle that stays": [
      { $ref: "#/$defs/node", $defs: { node: object({ next: { $ref: "#/$defs/node" }, value: { minimum: 1 } }) } },
      { $ref: "#/$defs/node", $defs: { node: object({ next: { $ref: "#/$defs/node" }, value: { minimum: 2 } }) } },
      ["narrows $.value minimum 1 → 2"],
    ],
    "a cycle through a union": [
      {
        $ref: "#/$defs/n",
        $defs: { n: object({ next: { anyOf: [{ $ref: "#/$defs/n" }, { type: "null" }] }, v: { enum: [1, 2] } }) },
      },
      {
        $ref: "#/$defs/n",
        $defs: { n: object({ next: { anyOf: [{ $ref: "#/$defs/n" }, { type: "null" }] }, v: { enum: [1] } }) },
      },
      ["narrows $.v no longer takes 2"],
    ],
    "references that only refer to each other": [
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      { type: "string" },
      ["both $ refers to a schema outside of this document: what it takes cannot be told"],
    ],
  });
});

describe("for readers only:", () => {
  check({
    description: [{ description: "A" }, { description: "B" }, ['note $ description "A" → "B"']],
    default: [{ default: 1 }, { default: 2 }, ["note $ default 1 → 2"]],
    "a keyword of somebody's own": [{}, { "x-order": 1 }, ["note $ x-order nothing → 1"]],
  });
});

const leaf = fc.oneof(
  fc.record({ type: fc.constantFrom("string", "integer", "number", "null") }),
  fc.record({ type: fc.constant("integer"), minimum: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }) }),
  fc.record({ pattern: fc.constantFrom("a", "b") }),
  fc.boolean(),
);
const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.record({ type: fc.constant("array"), items: tie("schema") }),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    fc.record({
      type: fc.constant("object"),
      properties: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("schema")),
      required: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
      additionalProperties: fc.boolean(),
    }),
  ),
}));

test("a schema compared with itself has no changes", () => {
  fc.assert(
    fc.property(schema, (one) => {
      expect(compareSchemas(one, structuredClone(one))).toEqual([]);
    }),
  );
});

test("what narrows one way widens the other way, and what is added is removed", () => {
  const mirrored = { propertyAdded: "propertyRemoved", propertyRemoved: "propertyAdded" } as const;
  const facts = (changes: readonly SchemaChange[], isMirrored: boolean) =>
    changes
      .filter(({ narrows, widens, kind }) => narrows || widens || kind.startsWith("property"))
      .map(({ path, kind, narrows, widens }) => {
        const isProperty = kind === "propertyAdded" || kind === "propertyRemoved";
        const name = isProperty ? (isMirrored ? mirrored[kind] : kind) : "";
        return `${path} ${name} ${isMirrored ? `${widens} ${narrows}` : `${narrows} ${widens}`}`;
      })
      .sort();
  fc.assert(
    fc.property(schema, schema, (a, b) => {
      expect(facts(compareSchemas(b, a), true)).toEqual(facts(compareSchemas(a, b), false));
    }),
    { numRuns: 1000 },
  );
}, 20_000);

type Keywords = Readonly<Record<string, JsonValue | undefined>>;
type Values = readonly JsonValue[];

/** Whether a value fits, for the keywords of the schemas above. `isSent`: with no fields but those that are named. */
function fits(value: JsonValue, one: JsonValue, isSent: boolean): boolean {
  if (typeof one === "boolean") return one;
  const { anyOf, items, type, ...rest } = one as Keywords;
  if (Array.isArray(anyOf)) return (anyOf as Values).some((other) => fits(value, other, isSent));
  if (type === "array") {
    return Array.isArray(value) && (value as Values).every((item) => fits(item, items ?? true, isSent));
  }
  if (type === "object") return typeName(value) === "object" && fitsObject(value as Keywords, rest, isSent);
  return fitsScalar(value, type, rest);
}

function fitsScalar(
  value: JsonValue,
  type: JsonValue | undefined,
  { enum: listed, pattern, minimum }: Keywords,
): boolean {
  if (type === "integer" ? !Number.isInteger(value) : type !== undefined && typeName(value) !== type) return false;
  if (typeof pattern === "string" && typeof value === "string") return value.includes(pattern);
  if (typeof minimum === "number" && typeof value === "number") return value >= minimum;
  return !Array.isArray(listed) || (listed as Values).includes(value);
}

function fitsObject(
  value: Keywords,
  { properties, required, additionalProperties }: Keywords,
  isSent: boolean,
): boolean {
  const named = new Map(Object.entries(properties as Keywords));
  const isComplete = (required as readonly string[]).every((name) => Object.hasOwn(value, name));
  return (
    isComplete &&
    Object.entries(value).every(([name, field]) => {
      const inner = named.get(name);
      return inner === undefined ? !isSent && additionalProperties === true : fits(field ?? null, inner, isSent);
    })
  );
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const { anyValue } = fc.letrec<{ anyValue: JsonValue }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<JsonValue>(null, 0, 1, 2, 3, 0.5, 2.5, "a", "b", "c", "ab"),
    fc.array(tie("anyValue"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("anyValue"), { maxKeys: 3 }),
  ),
}));

test("where nothing is said to narrow, everything that was accepted still is", () => {
  let counted = 0;
  fc.assert(
    fc.property(schema, schema, fc.array(anyValue, { minLength: 5, maxLength: 20 }), (before, after, values) => {
      if (compareSchemas(before, after).some(({ narrows }) => narrows)) return;
      const accepted = values.filter((value) => fits(value, before, true));
      counted += accepted.length;
      expect(accepted.filter((value) => !fits(value, after, false))).toEqual([]);
    }),
    { numRuns: 1500 },
  );
  expect(counted).toBeGreaterThan(100);
}, 20_000);

describe("hostile schemas are compared in bounded time:", () => {
  const nested = (depth: number, inside: string): JsonValue =>
    JSON.parse(`${'{"type":"object","properties":{"a":'.repeat(depth)}${inside}${"}}".repeat(depth)}`);
  const wide = (count: number, type: string): JsonValue =>
    object(Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { type }])));
  const unions = (depth: number, type: string): JsonValue =>
    depth === 0 ? { type } : { anyOf: [unions(depth - 1, type), object({ a: unions(depth - 1, type) })] };
  const mutual = (minimum: number): JsonValue => ({
    $ref: "#/$defs/d0",
    $defs: Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `d${index}`,
        {
          anyOf: Array.from({ length: 40 }, (_, other) =>
            object({ [`p${index}`]: { $ref: `#/$defs/d${other}` }, value: { minimum } }),
          ),
        },
      ]),
    ),
  });

  test.each<readonly [string, JsonValue, JsonValue, number]>([
    ["100 000 properties", wide(100_000, "string"), wide(100_000, "integer"), 1001],
    ["100 000 properties on one side", wide(100_000, "string"), object({}), 1001],
    ["100 000 levels", nested(100_000, "true"), nested(100_000, "false"), 1],
    ["200 levels", nested(200, "true"), nested(200, "false"), 1],
    ["unions of unions", unions(9, "string"), unions(9, "integer"), 1],
    ["definitions that all refer to each other", mutual(1), mutual(2), 1],
    [
      "a union of 10 000",
      { anyOf: Array.from({ length: 10_000 }, (_, n) => ({ const: n })) },
      { anyOf: Array.from({ length: 10_000 }, (_, n) => ({ const: -n })) },
      1,
    ],
  ])(
    "%s",
    (...[, before, after, atLeast]) => {
      const startedAt = performance.now();
      const changes = compareSchemas(before, after);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(changes.length).toBeGreaterThanOrEqual(atLeast);
      expect(changes.length).toBeLessThanOrEqual(1001);
      expect(
        changes.some(({ narrows }) => narrows) ||
          changes.every(({ kind }) => kind === "propertyRemoved" || kind === "undecided"),
      ).toBe(true);
    },
    20_000,
  );
});
