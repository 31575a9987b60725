import type { JsonValue } from "@perch/domain";
import { isJsonObject, type JsonObject } from "./json-object.ts";

/** What a keyword of JSON Schema holds: one schema or a list of them, schemas by name, or data. */
type KeywordKind = "schema" | "schemas" | "types" | "text" | "number" | "flag" | "list" | "any";

const KINDS: ReadonlyMap<string, KeywordKind> = new Map([
  ...ofKind("schema", "not if then else items prefixItems additionalItems unevaluatedItems contains allOf anyOf oneOf"),
  ...ofKind("schema", "additionalProperties unevaluatedProperties propertyNames contentSchema"),
  ...ofKind("schemas", "properties patternProperties dependentSchemas $defs definitions"),
  ...ofKind("types", "type"),
  ...ofKind("text", "title description format pattern contentEncoding contentMediaType"),
  ...ofKind("number", "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength"),
  ...ofKind("number", "minItems maxItems minProperties maxProperties minContains maxContains"),
  ...ofKind("flag", "uniqueItems deprecated readOnly writeOnly"),
  ...ofKind("list", "enum examples required"),
  ...ofKind("any", "const default dependentRequired"),
]);
const TYPES: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

function ofKind(kind: KeywordKind, names: string): readonly (readonly [string, KeywordKind])[] {
  return names.split(" ").map((name) => [name, kind] as const);
}

/** Null: not a keyword of JSON Schema. */
export function keywordKind(name: string): KeywordKind | null {
  return KINDS.get(name) ?? null;
}

/** Whether a keyword has a value that it can have. */
export function isValueFor(kind: KeywordKind, value: JsonValue): boolean {
  switch (kind) {
    case "schema":
      return typeof value === "object" ? value !== null : typeof value === "boolean";
    case "schemas":
      return isJsonObject(value);
    case "types":
      return Array.isArray(value) ? value.length > 0 && value.every((type) => TYPES.has(type)) : TYPES.has(value);
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "flag":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "any":
      return true;
  }
}

/** The schema with each schema directly below it replaced; everything else stays as it is. */
export function mapSubschemas(schema: JsonObject, replace: (schema: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      value === undefined ? value : mapKeyword(name, value, replace),
    ]),
  );
}

/** The value of one keyword with its schemas replaced. */
export function mapKeyword(name: string, value: JsonValue, replace: (schema: JsonValue) => JsonValue): JsonValue {
  const kind = keywordKind(name);
  if (kind === "schema") return Array.isArray(value) ? value.map(replace) : replace(value);
  if (kind !== "schemas" || !isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replace(member ?? true)] as const));
}
