import { expect, test } from "vitest";
import { createArgumentSchemas } from "./argument-schemas.ts";

const schemas = createArgumentSchemas();
const refund = {
  type: "object",
  properties: { order_id: { $ref: "#/$defs/order" }, amount: { type: "number", exclusiveMinimum: 0 } },
  required: ["order_id", "amount"],
  additionalProperties: false,
  $defs: { order: { type: "string", pattern: "^A-\\d+$" } },
};

test("arguments fit or do not", () => {
  const fits = schemas.prepare(refund);
  expect(fits?.({ order_id: "A-1", amount: 3 })).toBe(true);
  expect(fits?.({ order_id: "B-1", amount: 3 })).toBe(false);
  expect(fits?.({ order_id: "A-1", amount: "3" })).toBe(false);
  expect(fits?.({ order_id: "A-1" })).toBe(false);
  expect(fits?.({ order_id: "A-1", amount: 3, why: "" })).toBe(false);
});

test("a schema of true takes everything, one of false nothing", () => {
  expect(schemas.prepare(true)?.({ any: 1 })).toBe(true);
  expect(schemas.prepare(false)?.({})).toBe(false);
});

test("a schema that cannot be used is said to be none, and refuses nobody", () => {
  expect(schemas.prepare({ $ref: "#/$defs/nowhere" })).toBeNull();
  expect(schemas.prepare({ properties: { a: { pattern: "(" } } })?.({ a: "x" }) ?? true).toBe(true);
});
