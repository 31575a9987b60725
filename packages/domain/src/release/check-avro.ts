import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./canonical-json.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { quoteName } from "./secrets.ts";
import type { SpecProblem } from "./spec-problem.ts";

type Path = readonly (string | number)[];
type Visit = { readonly named: Set<string>; readonly problems: SpecProblem[] };

const PRIMITIVES = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Whether a value is an Avro schema (1.12) of a record by its structure: memory is kept as records. */
export function checkAvroSchema(schema: JsonValue): readonly SpecProblem[] {
  const visit: Visit = { named: new Set(), problems: [] };
  checkType(schema, { path: [], namespace: "" }, visit);
  if (!isJsonObject(schema) || schema["type"] !== "record") complain(visit, ["type"], "a record as the outermost type");
  return visit.problems.slice(0, RELEASE_LIMITS.problems);
}

type At = { readonly path: Path; readonly namespace: string };

function checkType(type: JsonValue | undefined, at: At, visit: Visit): void {
  if (typeof type === "string") {
    if (!isKnown(type, at.namespace, visit)) {
      complain(visit, at.path, `${quoteName(type)} to be a primitive type or one declared before`);
    }
  } else if (isJsonArray(type)) {
    checkUnion(type, at, visit);
  } else if (isJsonObject(type)) {
    checkComplex(type, at, visit);
  } else {
    complain(visit, at.path, "an Avro type: a name, a list of types, or an object");
  }
}

function checkUnion(types: readonly JsonValue[], at: At, visit: Visit): void {
  types.forEach((type, index) => {
    const path = [...at.path, index];
    if (isJsonArray(type)) complain(visit, path, "no union right inside a union");
    else checkType(type, { ...at, path }, visit);
  });
}

function checkComplex(schema: JsonObject, at: At, visit: Visit): void {
  const { type } = schema;
  const check = typeof type === "string" ? COMPLEX.get(type) : undefined;
  if (check !== undefined) check(schema, at, visit);
  // A primitive with attributes, such as a logical type.
  else checkType(type, { ...at, path: [...at.path, "type"] }, visit);
}

type CheckComplex = (schema: JsonObject, at: At, visit: Visit) => void;

const COMPLEX: ReadonlyMap<string, CheckComplex> = new Map<string, CheckComplex>([
  ["record", checkRecord],
  ["error", checkRecord],
  ["enum", checkEnum],
  ["fixed", checkFixed],
  ["array", ({ items }, at, visit) => checkType(items, { ...at, path: [...at.path, "items"] }, visit)],
  ["map", ({ values }, at, visit) => checkType(values, { ...at, path: [...at.path, "values"] }, visit)],
]);

function checkEnum(schema: JsonObject, at: At, visit: Visit): void {
  declare(schema, at, visit);
  const { symbols } = schema;
  if (isJsonArray(symbols) && symbols.every((symbol) => isName(symbol) && !symbol.includes("."))) return;
  complain(visit, [...at.path, "symbols"], "a list of names");
}

function checkFixed(schema: JsonObject, at: At, visit: Visit): void {
  declare(schema, at, visit);
  const { size } = schema;
  if (Number.isInteger(size) && Number(size) >= 0) return;
  complain(visit, [...at.path, "size"], "a whole number from 0 on");
}

function checkRecord(schema: JsonObject, at: At, visit: Visit): void {
  const namespace = declare(schema, at, visit);
  const { fields } = schema;
  if (!isJsonArray(fields)) return complain(visit, [...at.path, "fields"], "a list of fields");
  const seen = new Set<string>();
  fields.forEach((field, index) => {
    const path = [...at.path, "fields", index];
    if (!isJsonObject(field) || !isName(field["name"])) return complain(visit, path, "a field with name and type");
    if (seen.has(field["name"])) complain(visit, [...path, "name"], `the field ${quoteName(field["name"])} once`);
    seen.add(field["name"]);
    checkType(field["type"], { path: [...path, "type"], namespace }, visit);
  });
}

/** Makes a name known, to its own fields too; gives the namespace that holds inside. */
function declare(schema: JsonObject, at: At, visit: Visit): string {
  const { name, namespace } = schema;
  if (!isName(name)) {
    complain(visit, [...at.path, "name"], "a name of letters, digits and underscores");
    return at.namespace;
  }
  const space = typeof namespace === "string" ? namespace : at.namespace;
  const full = name.includes(".") || space === "" ? name : `${space}.${name}`;
  if (visit.named.has(full)) complain(visit, [...at.path, "name"], `the type ${quoteName(full)} declared once`);
  visit.named.add(full);
  return full.includes(".") ? full.slice(0, full.lastIndexOf(".")) : "";
}

function isKnown(type: string, namespace: string, visit: Visit): boolean {
  return PRIMITIVES.has(type) || visit.named.has(type) || visit.named.has(`${namespace}.${type}`);
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && NAME.test(value);
}

function complain(visit: Visit, path: Path, expected: string): void {
  visit.problems.push({ path, message: `found something else in the Avro schema, expected ${expected}` });
}
