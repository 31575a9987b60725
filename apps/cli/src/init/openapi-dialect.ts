import type { JsonValue } from "@perch/domain";
import { memberOf, type JsonObject } from "./json-object.ts";

export type Dialect = "3.0" | "3.1";

/** The schema in JSON Schema's own words. OpenAPI 3.1 speaks them already; 3.0 has two of its own. */
export function plainSchema(schema: JsonObject, dialect: Dialect): JsonObject {
  if (dialect === "3.1") return schema;
  const { nullable, ...rest } = withNumericBounds(schema);
  return nullable === true ? orNull(rest) : rest;
}

/** In 3.0 `exclusiveMinimum: true` says that `minimum` itself is not allowed; JSON Schema has the number in its place. */
function withNumericBounds(schema: JsonObject): JsonObject {
  let bounded = schema;
  for (const [exclusive, bound] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    const { [exclusive]: flag, [bound]: limit, ...rest } = bounded;
    if (typeof flag !== "boolean") continue;
    if (limit === undefined) bounded = rest;
    else bounded = { ...rest, [flag ? exclusive : bound]: limit };
  }
  return bounded;
}

function orNull(schema: JsonObject): JsonObject {
  const type = memberOf(schema, "type");
  const values = memberOf(schema, "enum");
  const options: JsonObject = Array.isArray(values) && !values.includes(null) ? { enum: [...values, null] } : {};
  if (typeof type === "string") return { ...schema, type: [type, "null"], ...options };
  if (Array.isArray(values)) return { ...schema, ...options };
  const combined: readonly JsonValue[] = [schema, { type: "null" }];
  return ["allOf", "anyOf", "oneOf"].some((name) => Object.hasOwn(schema, name)) ? { anyOf: combined } : schema;
}
