import { expect, test } from "vitest";
import type { JsonValue } from "./canonical-json.ts";
import { readOpenApiOperation } from "./openapi-operation.ts";

const ORDER = {
  type: "object",
  properties: {
    id: { type: "string" },
    parent: { $ref: "#/components/schemas/Order" },
    note: { type: "string", nullable: true },
  },
};
const OPERATION = {
  operationId: "refundOrder",
  parameters: [
    { name: "order", in: "path", required: true, description: "Its number.", schema: { type: "string" } },
    { $ref: "#/components/parameters/dryRun" },
  ],
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: { type: "object", properties: { amount: { $ref: "#/components/schemas/Money" } } },
      },
    },
  },
  responses: {
    "404": { description: "There is none." },
    "200": {
      description: "Paid.",
      content: { "application/json; charset=utf-8": { schema: { $ref: "#/components/schemas/Order" } } },
    },
  },
  components: {
    parameters: { dryRun: { name: "dry_run", in: "query", schema: { type: "boolean", nullable: true } } },
    schemas: {
      Money: { type: "number", minimum: 0, exclusiveMinimum: true, enum: [1, 2], nullable: true },
      Order: ORDER,
      Unused: { type: "string" },
    },
  },
};

test("parameters and result of an operation become JSON Schemas that stand alone", () => {
  expect(readOpenApiOperation(OPERATION)).toEqual({
    kind: "read",
    parameters: {
      type: "object",
      properties: {
        order: { type: "string", description: "Its number." },
        dry_run: { type: ["boolean", "null"] },
        body: { type: "object", properties: { amount: { $ref: "#/$defs/Money" } } },
      },
      required: ["order", "body"],
      $defs: { Money: { type: ["number", "null"], exclusiveMinimum: 0, enum: [1, 2, null] } },
    },
    result: {
      $ref: "#/$defs/Order",
      $defs: {
        Order: {
          type: "object",
          properties: { id: { type: "string" }, parent: { $ref: "#/$defs/Order" }, note: { type: ["string", "null"] } },
        },
      },
    },
  });
});

test("an operation that takes nothing and answers nothing has no parameters and no result", () => {
  expect(readOpenApiOperation({ responses: { "204": { description: "Done." } } })).toEqual({
    kind: "read",
    parameters: { type: "object", properties: {}, required: [] },
    result: undefined,
  });
});

test.each<[string, JsonValue, string]>([
  ["no operation", { type: "object" }, ""],
  ["a parameter without schema", { ...OPERATION, parameters: [{ name: "a", in: "query" }] }, "parameters/0"],
  ["a parameter that is not there", { ...OPERATION, parameters: [{ $ref: "#/components/x" }] }, "parameters/0"],
  ["two parameters of one name", { ...OPERATION, parameters: [{ name: "body", schema: {} }] }, "requestBody"],
  ["a body that is no JSON", { ...OPERATION, requestBody: { content: { "text/plain": {} } } }, "requestBody"],
  [
    "a schema that is none",
    { ...OPERATION, parameters: [{ name: "a", schema: { type: "text" } }] },
    "parameters/0/schema/type",
  ],
])("refused with its place: %s", (_, fragment, place) => {
  const read = readOpenApiOperation(fragment);
  expect(read.kind === "invalid" && read.problems.map(({ path }) => path.join("/"))).toEqual([place]);
});
