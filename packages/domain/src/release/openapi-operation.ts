import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./canonical-json.ts";
import { checkJsonSchemaIn } from "./check-json-schema.ts";
import { atPointer } from "./json-pointer.ts";
import { openApiToJsonSchema } from "./openapi-to-json-schema.ts";
import type { SpecProblem } from "./spec-problem.ts";

type Path = readonly (string | number)[];

export type ToolSchemas =
  | { readonly kind: "read"; readonly parameters: JsonObject; readonly result: JsonObject | undefined }
  | { readonly kind: "invalid"; readonly problems: readonly SpecProblem[] };

type Part = { readonly name: string; readonly isRequired: boolean; readonly schema: JsonObject; readonly path: Path };

/**
 * The parameters and the result of a tool from an OpenAPI fragment: an Operation Object (3.0 or 3.1), with the
 * `components` that it refers to beside. Each parameter becomes a property by its name, the JSON body the property
 * `body`; the result is the JSON schema of the first answer of success.
 */
export function readOpenApiOperation(fragment: JsonValue): ToolSchemas {
  if (!isJsonObject(fragment) || !isJsonObject(fragment["responses"])) {
    return { kind: "invalid", problems: [{ path: [], message: EXPECTED }] };
  }
  const problems: SpecProblem[] = [];
  const parts = [...parametersOf(fragment, problems), ...bodyOf(fragment, problems)];
  for (const [index, { name, path }] of parts.entries()) {
    if (parts.findIndex((part) => part.name === name) < index) {
      problems.push({ path, message: `found two parameters ${JSON.stringify(name)}, expected each name once` });
    }
  }
  const result = resultOf(fragment);
  const schemas = [...parts, ...(result === null ? [] : [result]), ...componentsOf(fragment)];
  problems.push(...schemas.flatMap(({ schema, path }) => checkJsonSchemaIn(fragment, schema, path)));
  if (problems.length > 0) return { kind: "invalid", problems };
  return {
    kind: "read",
    parameters: openApiToJsonSchema(objectOf(parts), fragment),
    result: result === null ? undefined : openApiToJsonSchema(result.schema, fragment),
  };
}

const EXPECTED =
  "found no OpenAPI operation, expected an object with responses, and parameters and requestBody if it has them";

function objectOf(parts: readonly Part[]): JsonObject {
  return {
    type: "object",
    properties: Object.fromEntries(parts.map(({ name, schema }) => [name, schema])),
    required: parts.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  };
}

function parametersOf(fragment: JsonObject, problems: SpecProblem[]): readonly Part[] {
  const list = fragment["parameters"] ?? [];
  if (!isJsonArray(list)) {
    problems.push({ path: ["parameters"], message: "found no list as parameters, expected one of Parameter Objects" });
    return [];
  }
  return list.flatMap((item, index) => {
    const parameter = resolve(fragment, item);
    const path = ["parameters", index];
    const schema = parameter?.["schema"] ?? jsonContent(parameter);
    if (typeof parameter?.["name"] !== "string" || !isJsonObject(schema)) {
      problems.push({ path, message: "found no Parameter Object, expected one with name, in and schema" });
      return [];
    }
    const { name, description, required } = parameter;
    const described = typeof description === "string" ? { description, ...schema } : schema;
    return [{ name, isRequired: required === true, schema: described, path: [...path, "schema"] }];
  });
}

function bodyOf(fragment: JsonObject, problems: SpecProblem[]): readonly Part[] {
  if (fragment["requestBody"] === undefined) return [];
  const body = resolve(fragment, fragment["requestBody"]);
  const schema = jsonContent(body);
  if (isJsonObject(schema)) {
    return [{ name: "body", isRequired: body?.["required"] === true, schema, path: ["requestBody"] }];
  }
  problems.push({ path: ["requestBody"], message: 'found no JSON body, expected content with "application/json"' });
  return [];
}

function resultOf(fragment: JsonObject): Pick<Part, "schema" | "path"> | null {
  const responses = isJsonObject(fragment["responses"]) ? fragment["responses"] : {};
  const codes = [
    ...Object.keys(responses)
      .filter((code) => /^2(?:\d\d|XX)$/i.test(code))
      .sort(),
    "default",
  ];
  for (const code of codes) {
    const schema = jsonContent(resolve(fragment, responses[code]));
    if (isJsonObject(schema)) return { schema, path: ["responses", code] };
  }
  return null;
}

function componentsOf(fragment: JsonObject): readonly Pick<Part, "schema" | "path">[] {
  const schemas = atPointer(fragment, "#/components/schemas");
  if (!isJsonObject(schemas)) return [];
  return Object.entries(schemas).map(([name, schema]) => ({
    schema: isJsonObject(schema) ? schema : {},
    path: ["components", "schemas", name],
  }));
}

function jsonContent(holder: JsonObject | null): JsonValue | undefined {
  const content = holder?.["content"];
  if (!isJsonObject(content)) return undefined;
  const type = Object.keys(content).find((name) => /^application\/(?:[a-z.+-]+\+)?json\b/i.test(name));
  const media = type === undefined ? undefined : content[type];
  return isJsonObject(media) ? (media["schema"] ?? {}) : undefined;
}

// One step: a Reference Object in the place of a parameter, a body or an answer.
function resolve(fragment: JsonObject, value: JsonValue | undefined): JsonObject | null {
  if (!isJsonObject(value)) return null;
  if (typeof value["$ref"] !== "string") return value;
  const target = atPointer(fragment, value["$ref"]);
  return isJsonObject(target) ? target : null;
}
