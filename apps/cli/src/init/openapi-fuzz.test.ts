import type { JsonValue } from "@perch/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import type { JsonObject } from "./json-object.ts";
import { toolsFromOpenApi } from "./openapi-tools.ts";
import { repairTools } from "./repair-tool.ts";
import { createNameGiver } from "./tool-names.ts";
import type { ToolDraft } from "./tool-draft.ts";

const ROOT = "file:///api/openapi.json";
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 300);

test("any document gives tools that stand alone, or a refusal that says why", { timeout: 10_000 + RUNS * 20 }, () => {
  let toolsSeen = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      for (const { parameters } of importOrRefuse(randomDocument(seed))) {
        toolsSeen += 1;
        const definitions = Object.keys(Object(parameters["$defs"]));
        const missing = referencesIn(parameters).filter((name) => !definitions.includes(name));
        if (missing.length > 0) throw new Error(`nothing is behind ${missing.join(", ")}`);
      }
    }),
    { numRuns: RUNS },
  );
  expect(toolsSeen).toBeGreaterThan(RUNS / 4);
});

function importOrRefuse(document: JsonValue): readonly ToolDraft[] {
  const source = { root: ROOT, documents: new Map([[ROOT, document]]), refused: new Map<string, string>() };
  try {
    return repairTools(toolsFromOpenApi(source, { filter: null, authRef: null, giveName: createNameGiver() })).tools;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [];
  }
}

function referencesIn(schema: JsonObject): readonly string[] {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]*)"/g)].map(([, name]) => name ?? "");
}

const NAMES = ["A", "B", "C", "__proto__", "constructor", "a~b/c"];
const PLACES = [
  "#",
  "#/paths/~1x/get",
  "#/components/schemas",
  "x.json",
  "http://[",
  "%",
  "#/components/schemas/Missing",
];

/** Documents that are nearly right: what a person or a bad generator writes. The same seed gives the same one. */
function randomDocument(seed: number): JsonValue {
  let state = seed;
  const below = (limit: number): number => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271 + 1) % 2_147_483_647;
    return state % limit;
  };
  const one = <T>(...choices: readonly [T, ...T[]]): T => choices[below(choices.length)] ?? choices[0];
  const named = (make: () => JsonValue, most: number): JsonObject =>
    Object.fromEntries(Array.from({ length: below(most + 1) }, () => [NAMES[below(NAMES.length)], make()] as const));
  const junk = (): JsonValue => one<JsonValue>(null, true, 5, "x", [], {}, [{}], { $ref: 5 });
  const reference = (): JsonValue => {
    const name = (NAMES[below(NAMES.length)] ?? "A").replaceAll("~", "~0").replaceAll("/", "~1");
    return { $ref: below(40) === 0 ? (PLACES[below(PLACES.length)] ?? "") : `#/components/schemas/${name}` };
  };
  function schema(depth: number): JsonValue {
    if (below(20) === 0) return junk();
    if (below(3) === 0) return reference();
    if (depth === 0) return { type: one<JsonValue>("string", "file", ["null"]), nullable: one(true, false) };
    const inner = (): JsonValue => schema(depth - 1);
    const parts: readonly (() => JsonObject)[] = [
      () => ({
        properties: one<() => JsonValue>(() => named(inner, 4), junk)(),
        required: one<JsonValue>(NAMES, true, [5]),
      }),
      () => ({ allOf: [inner(), inner()], nullable: true }),
      () => ({ items: inner(), minimum: one<JsonValue>(1, "1"), exclusiveMinimum: one<JsonValue>(true, 3, "x") }),
      () => ({
        additionalProperties: inner(),
        default: one<JsonValue>({ password: "x" }, 1),
        readOnly: one(true, false),
      }),
      () => ({
        anyOf: one<() => JsonValue>(() => [inner()], junk)(),
        $ref: one<JsonValue>("#/components/schemas/A", 5, {}),
      }),
    ];
    return Object.assign({}, parts[below(parts.length)]?.(), parts[below(parts.length)]?.());
  }
  const content = (): JsonValue => ({ content: { [one("application/json", "text/plain")]: { schema: schema(3) } } });
  const mostly = (make: () => JsonValue): JsonValue => (below(8) === 0 ? junk() : make());
  const operation = (): JsonValue => ({
    operationId: mostly(() => NAMES[below(NAMES.length)] ?? ""),
    parameters: mostly(() => [{ name: "q", in: one("query", "path", "cookie"), schema: schema(2) }]),
    requestBody: mostly(content),
    responses: mostly(() => ({ [one("200", "2XX", "404")]: content() })),
    security: mostly(() => [named(() => [], 2)]),
  });
  return {
    openapi: one("3.0.0", "3.1.0"),
    paths: { "/x": { get: mostly(operation), post: operation() }, "/y": mostly(() => ({ put: operation() })) },
    components: { schemas: Object.fromEntries(NAMES.map((name) => [name, schema(3)])) },
  };
}
