import { describe, expect, test } from "vitest";
import type { JsonValue } from "@perch/domain";
import { toolsFromOpenApi } from "./openapi-tools.ts";
import type { ImportedTools } from "./tool-draft.ts";
import { createNameGiver } from "./tool-names.ts";

const ROOT = "file:///api/openapi.json";

type Wish = { readonly filter?: string; readonly others?: Readonly<Record<string, JsonValue>> };

function importFrom(document: JsonValue, { filter, others }: Wish = {}): ImportedTools {
  const documents = new Map([[ROOT, document], ...Object.entries(others ?? {})]);
  const refused = new Map([["http://elsewhere.example/x.json", "expected a document of the same host"]]);
  const options = { filter: filter ?? null, authRef: null, giveName: createNameGiver() };
  return toolsFromOpenApi({ root: ROOT, documents, refused }, options);
}

type Parts = {
  readonly openapi?: JsonValue;
  readonly paths?: JsonValue;
  readonly [name: string]: JsonValue | undefined;
};
const api = (parts: Parts) => importFrom({ openapi: "3.0.3", paths: {}, ...parts });

function parametersOf(schema: JsonValue, components: JsonValue = {}, openapi = "3.0.3"): JsonValue | undefined {
  const post = { requestBody: { content: { "application/json": { schema } } } };
  const { tools } = api({ openapi, paths: { "/x": { post } }, components: { schemas: components } });
  const parameters: unknown = tools[0]?.parameters;
  return (parameters as { properties: { body?: JsonValue }; $defs?: JsonValue }).properties.body;
}

test("an operation becomes a tool with its parameters, body, result, effect and secret", () => {
  const order = { type: "object", properties: { id: { type: "string" } } };
  const { tools, notes } = api({
    security: [{ shopKey: [] }],
    paths: {
      "/orders/{orderId}": {
        parameters: [{ name: "orderId", in: "path", schema: { type: "string" }, description: "Which one" }],
        put: {
          operationId: "replaceOrder",
          summary: "Replaces an order",
          description: "All of it.",
          parameters: [{ name: "dryRun", in: "query", schema: { type: "boolean" } }],
          requestBody: { required: true, content: { "application/json; charset=utf-8": { schema: order } } },
          responses: { 404: {}, 201: { content: { "application/problem+json": { schema: order } } } },
        },
      },
    },
  });
  expect(notes).toEqual([]);
  expect(tools).toEqual([
    {
      name: "replaceOrder",
      description: "Replaces an order\n\nAll of it.",
      effect: "idempotent",
      parameters: {
        type: "object",
        properties: {
          orderId: { type: "string", description: "Which one" },
          dryRun: { type: "boolean" },
          body: order,
        },
        required: ["orderId", "body"],
        additionalProperties: false,
      },
      result: order,
      authRef: "env:SHOP_KEY",
      origin: "PUT /orders/{orderId}",
    },
  ]);
});

test("every method says what a call does to the world", () => {
  const paths = { "/x": { get: {}, head: {}, put: {}, delete: {}, post: {}, patch: {}, options: {}, trace: {} } };
  expect(api({ paths }).tools.map(({ name, effect }) => `${name} ${effect}`)).toEqual([
    "get_x read",
    "head_x read",
    "put_x idempotent",
    "delete_x idempotent",
    "post_x write",
    "patch_x write",
  ]);
});

test("names are made of method and path where there is no operationId, and are never the same", () => {
  const paths = {
    "/a/{b}": { get: {} },
    "/a/b": { get: {} },
    "/": { get: { operationId: "GET_A_B" } },
    "/../../etc": { get: {} },
  };
  expect(api({ paths }).tools.map(({ name }) => name)).toEqual(["get_a_b", "get_a_b_2", "GET_A_B_3", "get_etc"]);
});

test("a body of any type may be sent as JSON", () => {
  const post = { requestBody: { content: { "text/plain": {}, "*/*": { schema: { type: "object" } } } } };
  expect(api({ paths: { "/x": { post } } }).tools[0]?.parameters).toMatchObject({
    properties: { body: { type: "object" } },
  });
});

describe("left out with a note:", () => {
  test.each([
    ["a deprecated operation", { get: { deprecated: true } }, "GET /x: deprecated, left out"],
    [
      "an operation whose body cannot be JSON",
      { post: { requestBody: { required: true, content: { "multipart/form-data": {} } } } },
      "POST /x: left out: its body is multipart/form-data, not JSON",
    ],
  ])("%s", (_, item, note) => {
    expect(api({ paths: { "/x": item } })).toEqual({ tools: [], notes: [note] });
  });

  test("a parameter in a cookie and one without a name, but not the operation", () => {
    const parameters = [{ name: "c", in: "cookie" }, { in: "query" }, { name: "Authorization", in: "header" }];
    const { tools, notes } = api({ paths: { "/x": { get: { parameters } } } });
    expect(tools[0]?.parameters).toMatchObject({ properties: {} });
    expect(notes).toEqual([
      'GET /x: the cookie parameter "c" was left out',
      "GET /x: a parameter without a name or place was left out",
    ]);
  });
});

test("parameters of the same name in different places both stay", () => {
  const parameters = [
    { name: "id", in: "path" },
    { name: "id", in: "query" },
    { name: "body", in: "header" },
  ];
  const { tools } = api({ paths: { "/x": { get: { parameters } } } });
  expect(Object.keys(Object(tools[0]?.parameters["properties"]))).toEqual(["id", "query_id", "header_body"]);
});

test("a filter chooses by the name at the source or the name here", () => {
  const paths = { "/a": { get: { operationId: "orders.list" } }, "/b": { get: { operationId: "ping" } } };
  const names = (filter: string) => importFrom({ openapi: "3.1.0", paths }, { filter }).tools.map(({ name }) => name);
  expect([names("orders.*"), names("orders_*"), names("none")]).toEqual([["orders_list"], ["orders_list"], []]);
});

describe("a secret is asked for", () => {
  const security = (own: JsonValue | undefined, all?: JsonValue) =>
    api({ security: all, paths: { "/x": { get: { security: own } } } }).tools[0]?.authRef;
  test("by the operation before the document, and not where it is optional", () => {
    expect(security([{ "oauth2-x": ["read"] }], [{ key: [] }])).toBe("env:OAUTH2_X");
    expect(security(undefined, [{ key: [] }])).toBe("env:KEY");
    expect(security([], [{ key: [] }])).toBeNull();
    expect(security([{ key: [] }, {}])).toBeNull();
    expect(security("nonsense")).toBeNull();
  });
});

describe("OpenAPI's own words become JSON Schema's:", () => {
  test.each<[string, JsonValue, JsonValue]>([
    [
      "nullable with a type",
      { type: "string", nullable: true, enum: ["a"] },
      { type: ["string", "null"], enum: ["a", null] },
    ],
    ["nullable with allOf", { nullable: true, allOf: [{}] }, { anyOf: [{ allOf: [{}] }, { type: "null" }] }],
    ["exclusiveMinimum as a flag", { minimum: 0, exclusiveMinimum: true }, { exclusiveMinimum: 0 }],
    ["exclusiveMaximum that is off", { maximum: 9, exclusiveMaximum: false }, { maximum: 9 }],
    [
      "keywords of OpenAPI alone",
      { type: "object", discriminator: {}, xml: {}, externalDocs: {}, example: 1, "x-internal": true },
      { type: "object" },
    ],
    [
      "what a request leaves out",
      { properties: { id: { readOnly: true }, name: {} }, required: ["id", "name"] },
      { properties: { name: {} }, required: ["name"] },
    ],
  ])("%s", (_, schema, expected) => {
    expect(parametersOf(schema)).toEqual(expected);
  });

  test("in 3.1 they are JSON Schema's already", () => {
    const schema = { type: ["string", "null"], exclusiveMinimum: 0, const: 1, examples: [1] };
    expect(parametersOf(schema, {}, "3.1.0")).toEqual(schema);
  });
});

describe("references", () => {
  test("are replaced by what they refer to, with the comments beside them", () => {
    const schema = { $ref: "#/components/schemas/Name", description: "Whose", minLength: 5 };
    const components = { Name: { type: "string", description: "A name" } };
    expect(parametersOf(schema, components)).toEqual({ type: "string", description: "Whose" });
    expect(parametersOf(schema, components, "3.1.0")).toEqual({
      minLength: 5,
      description: "Whose",
      allOf: [{ type: "string", description: "A name" }],
    });
  });

  test("to what a request leaves out are left out too, whichever side says so", () => {
    const schema = {
      properties: {
        a: { $ref: "#/components/schemas/Id" },
        b: { $ref: "#/components/schemas/Name", readOnly: true },
        c: {},
      },
    };
    const components = { Id: { type: "string", readOnly: true }, Name: { type: "string" } };
    expect(parametersOf(schema, components, "3.1.0")).toEqual({ properties: { c: {} } });
  });

  test("that lead back to themselves end in $defs", () => {
    const Node = { type: "object", properties: { next: { $ref: "#/components/schemas/Node" } } };
    const post = {
      requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } } },
    };
    const { tools } = api({ paths: { "/x": { post } }, components: { schemas: { Node } } });
    expect(tools[0]?.parameters).toMatchObject({
      properties: { body: { $ref: "#/$defs/Node" } },
      $defs: { Node: { type: "object", properties: { next: { $ref: "#/$defs/Node" } } } },
    });
  });

  test("that are nothing but each other allow everything", () => {
    const schemas = { A: { $ref: "#/components/schemas/B" }, B: { $ref: "#/components/schemas/A" } };
    const post = { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/A" } } } } };
    const { tools } = api({ paths: { "/x": { post } }, components: { schemas } });
    expect(tools[0]?.parameters["$defs"]).toEqual({ A: true });
  });

  test("that would grow without measure stay references", () => {
    const level = (below: number) => ({
      properties: { a: { $ref: `#/components/schemas/L${below}` }, b: { $ref: `#/components/schemas/L${below}` } },
    });
    const components = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`L${index}`, index === 0 ? {} : level(index - 1)]),
    );
    const post = { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/L39" } } } } };
    const { tools } = api({ paths: { "/x": { post } }, components: { schemas: components } });
    expect(Object.keys(Object(tools[0]?.parameters["$defs"]))).toHaveLength(40);
  });

  test("reach parameters, bodies, responses, whole paths and other documents", () => {
    const { tools } = importFrom(
      { openapi: "3.0.0", paths: { "/x": { $ref: "paths.json#/x" } } },
      {
        others: {
          "file:///api/paths.json": {
            x: { get: { parameters: [{ $ref: "#/p" }], responses: { 200: { $ref: "sub/r.json" } } } },
            p: { name: "q", in: "query", schema: { $ref: "sub/r.json#/content/application~1json/schema" } },
          },
          "file:///api/sub/r.json": { content: { "application/json": { schema: { type: "array" } } } },
        },
      },
    );
    expect(tools[0]).toMatchObject({ parameters: { properties: { q: { type: "array" } } }, result: { type: "array" } });
  });

  test.each([
    ["nowhere", "#/components/schemas/Missing"],
    ["into a prototype", "#/__proto__/constructor"],
    ["into what every object inherits", "#/components/toString"],
    ["to another host", "http://elsewhere.example/x.json"],
    ["to a document that was not read", "../../etc/passwd"],
    ["to nothing that is a URL", "http://[/"],
  ])("%s are refused with the reference", (_, $ref) => {
    expect(() => parametersOf({ $ref })).toThrow(
      expect.objectContaining({ code: "input_invalid", message: expect.stringContaining($ref) }),
    );
  });
});

describe("hostile documents", () => {
  test.each<[string, JsonValue, string]>([
    ["Swagger 2.0", { swagger: "2.0", paths: {} }, "Swagger 2.0"],
    ["a later version", { openapi: "4.0.0", paths: {} }, "OpenAPI 4.0.0"],
    ["no version", { paths: {} }, "no OpenAPI version"],
    ["no paths", { openapi: "3.0.0" }, 'no "paths"'],
    ["a list", [], "no OpenAPI version"],
    ["a text", "openapi", "no OpenAPI version"],
  ])("%s: refused with what was found", (_, document, found) => {
    expect(() => importFrom(document)).toThrow(
      expect.objectContaining({ code: "input_invalid", message: expect.stringContaining(found) }),
    );
  });

  test("values of the wrong type are left out, and said", () => {
    const schema = {
      type: "file",
      properties: { a: 5, b: null },
      required: true,
      minLength: "3",
      enum: "x",
      items: [],
      allOf: {},
    };
    const post = {
      parameters: "x",
      requestBody: { content: { "application/json": { schema } } },
      responses: [],
      security: 1,
    };
    const { tools, notes } = api({ paths: { "/x": { post, get: 5 }, "no-slash": {}, "/y": null, "/z": [] } });
    expect(tools).toHaveLength(1);
    expect(tools[0]?.parameters).toMatchObject({
      properties: { body: { properties: { a: true, b: true }, items: [] } },
    });
    expect(notes).toContain('POST /x: a "type" with a value that it cannot have was left out');
  });

  test("names that JavaScript gives a meaning are names like others", () => {
    const text = '{"__proto__":{"type":"string"},"constructor":{"type":"number"}}';
    const body = parametersOf({ properties: JSON.parse(text), required: ["__proto__"] });
    expect(JSON.stringify(body)).toBe(`{"properties":${text},"required":["__proto__"]}`);
    expect(Object.hasOwn(Object.prototype, "type")).toBe(false);
  });

  test("a thousand operations are the most", () => {
    const paths = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`/p${index}`, { get: {} }]));
    expect(() => api({ paths })).toThrow(expect.objectContaining({ hint: expect.stringContaining("--tools-filter") }));
  });
});
