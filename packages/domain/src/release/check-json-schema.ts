import { isJsonArray, isJsonObject, type JsonValue } from "./canonical-json.ts";
import { atPointer } from "./json-pointer.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { quoteName } from "./secrets.ts";
import type { SpecProblem } from "./spec-problem.ts";

type Path = readonly (string | number)[];
type Visit = { readonly root: JsonValue; readonly problems: SpecProblem[] };
type Check = (value: JsonValue, path: Path, visit: Visit) => void;

const TYPES = ["null", "boolean", "object", "array", "number", "integer", "string"];

/**
 * Whether a value is a JSON Schema by its structure: every keyword that JSON Schema knows holds what it has to hold, and
 * every `$ref` leads somewhere within the schema. Keywords that it does not know mean nothing and are left alone, as the
 * specification says; the flags of OpenAPI 3.0 (`exclusiveMinimum: true`) pass too.
 */
export function checkJsonSchema(schema: JsonValue): readonly SpecProblem[] {
  return checkJsonSchemaIn(schema, schema, []);
}

/** The same of a schema inside a document, such as an OpenAPI fragment, whose other parts its references may name. */
export function checkJsonSchemaIn(root: JsonValue, schema: JsonValue, path: Path): readonly SpecProblem[] {
  const visit: Visit = { root, problems: [] };
  checkSchema(schema, path, visit);
  return visit.problems.slice(0, RELEASE_LIMITS.problems);
}

function checkSchema(value: JsonValue, path: Path, visit: Visit): void {
  if (typeof value === "boolean") return;
  if (!isJsonObject(value)) {
    complain(visit, path, { found: value, expected: "a JSON Schema: an object, true or false" });
    return;
  }
  for (const [keyword, content] of Object.entries(value)) {
    if (content !== undefined) KEYWORDS.get(keyword)?.(content, [...path, keyword], visit);
  }
}

const schemaMap: Check = (value, path, visit) => {
  if (!isJsonObject(value))
    return complain(visit, path, { found: value, expected: "an object of JSON Schemas by name" });
  for (const [name, schema] of Object.entries(value)) checkSchema(schema ?? null, [...path, name], visit);
};

const schemaList: Check = (value, path, visit) => {
  if (!isJsonArray(value) || value.length === 0)
    return complain(visit, path, { found: value, expected: "a list of JSON Schemas" });
  value.forEach((schema, index) => checkSchema(schema, [...path, index], visit));
};

// Up to draft 2019-09 `items` may be a list.
const schemaOrList: Check = (value, path, visit) => (isJsonArray(value) ? schemaList : checkSchema)(value, path, visit);

const names: Check = (value, path, visit) => {
  // Draft 3 and many a tool write `required: true` into a property, where it means nothing.
  if (!isJsonArray(value)) return complain(visit, path, { found: value, expected: "a list of names" });
  value.forEach((name, index) => {
    if (typeof name !== "string") complain(visit, [...path, index], { found: name, expected: "a name" });
    else if (value.indexOf(name) < index)
      complain(visit, [...path, index], { found: name, expected: "each name once" });
  });
};

const nameLists: Check = (value, path, visit) => {
  if (!isJsonObject(value)) return complain(visit, path, { found: value, expected: "an object of lists of names" });
  for (const [name, list] of Object.entries(value)) names(list ?? null, [...path, name], visit);
};

const type: Check = (value, path, visit) => {
  const types = isJsonArray(value) ? value : [value];
  if (types.length === 0) complain(visit, path, { found: value, expected: "a type" });
  types.forEach((name, index) => {
    const at = isJsonArray(value) ? [...path, index] : path;
    if (typeof name !== "string" || !TYPES.includes(name))
      complain(visit, at, { found: name, expected: `one of ${TYPES.join(", ")}` });
  });
};

const reference: Check = (value, path, visit) => {
  if (typeof value !== "string" || !value.startsWith("#")) {
    return complain(visit, path, { found: value, expected: 'a reference within this schema, such as "#/$defs/name"' });
  }
  const target = atPointer(visit.root, value);
  if (typeof target !== "boolean" && !isJsonObject(target))
    complain(visit, path, { found: value, expected: "a reference to a schema that is there" });
};

const regex: Check = (value, path, visit) => {
  if (typeof value !== "string" || !isRegex(value))
    complain(visit, path, { found: value, expected: "a regular expression" });
};

const list: Check = (value, path, visit) => {
  if (!isJsonArray(value)) complain(visit, path, { found: value, expected: "a list" });
};

const count = plain((value) => Number.isInteger(value) && Number(value) >= 0, "a whole number from 0 on");
const number = plain((value) => typeof value === "number", "a number");
const numberOrFlag = plain((value) => typeof value === "number" || typeof value === "boolean", "a number");
const flag = plain((value) => typeof value === "boolean", "true or false");
const text = plain((value) => typeof value === "string", "a string");

const positive = plain((value) => typeof value === "number" && value > 0, "a number above 0");

const KEYWORDS = new Map<string, Check>(
  groups([
    [checkSchema, ["not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "propertyNames"]],
    [checkSchema, ["additionalItems", "unevaluatedItems", "contains"]],
    [schemaMap, ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas"]],
    [schemaList, ["allOf", "anyOf", "oneOf", "prefixItems"]],
    [schemaOrList, ["items"]],
    [names, ["required"]],
    [nameLists, ["dependentRequired"]],
    [type, ["type"]],
    [reference, ["$ref"]],
    [regex, ["pattern"]],
    [list, ["enum", "examples"]],
    [text, ["$schema", "$id", "$anchor", "$comment", "title", "description", "format"]],
    [count, ["minProperties", "maxProperties", "minContains", "maxContains", "minItems", "maxItems"]],
    [count, ["minLength", "maxLength"]],
    [number, ["minimum", "maximum"]],
    [numberOrFlag, ["exclusiveMinimum", "exclusiveMaximum"]],
    [positive, ["multipleOf"]],
    [flag, ["uniqueItems", "readOnly", "writeOnly", "deprecated"]],
  ]),
);

function groups(checks: readonly (readonly [Check, readonly string[]])[]): readonly (readonly [string, Check])[] {
  return checks.flatMap(([check, keywords]) => keywords.map((keyword) => [keyword, check] as const));
}

function plain(isRight: (value: JsonValue) => boolean, expected: string): Check {
  return (value, path, visit) => {
    if (!isRight(value)) complain(visit, path, { found: value, expected: expected });
  };
}

function isRegex(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

type Complaint = { readonly found: JsonValue; readonly expected: string };

function complain(visit: Visit, path: Path, { found, expected }: Complaint): void {
  const name = quoteName(String(path.at(-1) ?? "schema"));
  visit.problems.push({ path, message: `found ${shown(found)} as ${name}, expected ${expected}` });
}

function shown(value: JsonValue): string {
  if (isJsonArray(value)) return "a list";
  if (typeof value === "string") return quoteName(value);
  return isJsonObject(value) ? "an object" : JSON.stringify(value);
}
