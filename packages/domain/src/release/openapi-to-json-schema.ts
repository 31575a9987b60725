import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./canonical-json.ts";
import { atPointer } from "./json-pointer.ts";

const COMPONENT = "#/components/schemas/";
// Keywords that hold values, not schemas.
const VALUES = new Set(["enum", "const", "default", "example", "examples"]);

/**
 * An OpenAPI Schema Object as a JSON Schema that stands alone: the components that it refers to become `$defs`, and what
 * OpenAPI 3.0 says in its own words (`nullable`, exclusive bounds as flags) is said in those of JSON Schema.
 */
export function openApiToJsonSchema(schema: JsonObject, fragment: JsonObject): JsonObject {
  const converted = convert(schema);
  const names = reachable(schema, fragment);
  if (names.length === 0) return converted;
  const $defs = Object.fromEntries(names.map((name) => [name, convertAny(component(fragment, name) ?? true)]));
  return { ...converted, $defs };
}

function convertAny(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(convertAny);
  return isJsonObject(value) ? convert(value) : value;
}

function convert(schema: JsonObject): JsonObject {
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = schema;
  // Made of entries, since an assigned `__proto__` would set the prototype.
  const inner: Record<string, JsonValue> = Object.fromEntries(
    Object.entries(rest).map(([keyword, value]) => [
      keyword,
      VALUES.has(keyword) ? (value ?? null) : convertAny(value ?? null),
    ]),
  );
  if (typeof inner["$ref"] === "string") inner["$ref"] = inner["$ref"].replace(COMPONENT, "#/$defs/");
  exclude(inner, { keyword: "exclusiveMinimum", bound: "minimum" }, exclusiveMinimum);
  exclude(inner, { keyword: "exclusiveMaximum", bound: "maximum" }, exclusiveMaximum);
  if (nullable !== undefined && typeof nullable !== "boolean") return { ...inner, nullable: convertAny(nullable) };
  return nullable === true ? orNull(inner) : inner;
}

type Exclusive = { readonly keyword: string; readonly bound: string };

function exclude(schema: Record<string, JsonValue>, { keyword, bound }: Exclusive, value: JsonValue | undefined): void {
  if (value === true && schema[bound] !== undefined) {
    schema[keyword] = schema[bound];
    delete schema[bound];
  } else if (value !== undefined && typeof value !== "boolean") {
    schema[keyword] = convertAny(value);
  }
}

function orNull(schema: JsonObject): JsonObject {
  const { type, enum: values } = schema;
  if (typeof type !== "string") return { anyOf: [schema, { type: "null" }] };
  const orNothing = isJsonArray(values) && !values.includes(null) ? { enum: [...values, null] } : {};
  return { ...schema, type: [type, "null"], ...orNothing };
}

function reachable(schema: JsonValue, fragment: JsonObject): readonly string[] {
  const found = new Set<string>();
  const todo: JsonValue[] = [schema];
  for (let value = todo.pop(); value !== undefined; value = todo.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const name = isJsonObject(value) ? referenced(value["$ref"]) : null;
    if (name !== null && !found.has(name)) {
      found.add(name);
      todo.push(component(fragment, name) ?? null);
    }
    for (const item of Object.values(value)) if (item !== undefined) todo.push(item);
  }
  return [...found].sort();
}

function referenced(reference: JsonValue | undefined): string | null {
  if (typeof reference !== "string" || !reference.startsWith(COMPONENT)) return null;
  return reference.slice(COMPONENT.length).split("/")[0] ?? null;
}

function component(fragment: JsonObject, name: string): JsonValue | undefined {
  return atPointer(fragment, `${COMPONENT}${name}`);
}
