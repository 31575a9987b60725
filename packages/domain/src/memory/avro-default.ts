import { isJsonArray, isJsonObject } from "../json-schema/json.ts";
import type { JsonValue } from "../release/canonical-json.ts";
import type { AvroRecord, AvroSchema, AvroType, Primitive } from "./avro-schema.ts";

type Check = { readonly schema: AvroSchema; stepsLeft: number };

/** Unions in unions' records could be tried in very many ways. */
const MOST_STEPS = 10_000;

/** Whether a JSON value can be the default of a field of this type; what takes too long to tell is not. */
export function fitsAvro(value: JsonValue, type: AvroType, schema: AvroSchema): boolean {
  return fits(value, type, { schema, stepsLeft: MOST_STEPS });
}

function fits(value: JsonValue, type: AvroType, check: Check): boolean {
  check.stepsLeft -= 1;
  if (check.stepsLeft < 0) return false;
  switch (type.kind) {
    case "primitive":
      return fitsPrimitive(value, type.name);
    case "fixed":
      return typeof value === "string";
    case "enum":
      return type.symbols.some((symbol) => symbol === value);
    case "record":
      return fitsRecord(value, type, check);
    case "array":
      return isJsonArray(value) && allFit(value, type.items, check);
    case "map":
      return isJsonObject(value) && allFit(Object.values(value), type.values, check);
    case "union":
      // Since 1.12 any branch will do, not only the first.
      return type.branches.some((branch) => fits(value, branch, check));
    case "reference":
      return fitsNamed(value, type.name, check);
  }
}

function allFit(values: readonly (JsonValue | undefined)[], type: AvroType, check: Check): boolean {
  return values.every((value) => fits(value ?? null, type, check));
}

function fitsNamed(value: JsonValue, name: string, check: Check): boolean {
  const named = check.schema.named.get(name);
  return named !== undefined && fits(value, named, check);
}

function fitsRecord(value: JsonValue, { fields }: AvroRecord, check: Check): boolean {
  if (!isJsonObject(value)) return false;
  return fields.every(({ name, default: fallback, type }) => {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    return given === undefined ? fallback !== undefined : fits(given, type, check);
  });
}

function fitsPrimitive(value: JsonValue, name: Primitive): boolean {
  switch (name) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "int":
    case "long":
      return Number.isInteger(value);
    case "float":
    case "double":
      return typeof value === "number";
    case "bytes":
    case "string":
      return typeof value === "string";
  }
}
