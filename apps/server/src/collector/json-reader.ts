import { TelemetryError, type AttributeValue, type Attributes } from "@perch/domain";
import { millisecondsOf } from "./otlp-message.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 16;

/** The body as one JSON object. Throws `TelemetryError` `payload_malformed`. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  return asObject(value, "the body");
}

/** A missing field is an empty list, as protobuf's JSON mapping has it. */
export function objectsIn(holder: JsonObject, key: string): readonly JsonObject[] {
  const value = holder[key] ?? [];
  if (!Array.isArray(value)) throw malformed(`found ${kindOf(value)} at "${key}", expected an array`);
  return value.map((item: unknown, index) => asObject(item, `${key}[${index}]`));
}

export function objectIn(holder: JsonObject, key: string): JsonObject {
  return asObject(holder[key] ?? {}, key);
}

export function textIn(holder: JsonObject, key: string): string {
  const value = holder[key] ?? "";
  if (typeof value !== "string") throw malformed(`found ${kindOf(value)} at "${key}", expected a text`);
  return value.toWellFormed();
}

/** A 64-bit count of nanoseconds, which arrives as a text or a number, as milliseconds; NaN when it is neither. */
export function millisecondsIn(holder: JsonObject, key: string): number {
  const value = holder[key] ?? 0;
  return typeof value === "string" || typeof value === "number" ? millisecondsOf(Number(value)) : Number.NaN;
}

/** A list of `KeyValue`. The first value of a repeated key wins. */
export function attributesIn(holder: JsonObject, key = "attributes", depth = 0): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const pair of objectsIn(holder, key)) {
    const name = textIn(pair, "key");
    if (!attributes.has(name)) attributes.set(name, anyValue(objectIn(pair, "value"), depth));
  }
  return attributes;
}

function anyValue(value: JsonObject, depth: number): AttributeValue {
  // JSON can spell half a character, which no store takes.
  if (typeof value["stringValue"] === "string") return value["stringValue"].toWellFormed();
  if (typeof value["boolValue"] === "boolean") return value["boolValue"];
  if ("intValue" in value) return numberOf(value["intValue"]);
  if ("doubleValue" in value) return numberOf(value["doubleValue"]);
  if (typeof value["bytesValue"] === "string") return value["bytesValue"];
  // Deeper than anybody means it: passed over, so that a nest of arrays cannot exhaust the stack.
  if (depth > MAX_DEPTH) return null;
  if ("arrayValue" in value) {
    return objectsIn(objectIn(value, "arrayValue"), "values").map((item) => anyValue(item, depth + 1));
  }
  if ("kvlistValue" in value) return attributesIn(objectIn(value, "kvlistValue"), "values", depth + 1);
  return null;
}

/** Integers arrive as text or number; doubles also as "NaN" and "Infinity". */
function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : null;
}

function asObject(value: unknown, place: string): JsonObject {
  if (isObject(value)) return value;
  throw malformed(`found ${kindOf(value)} at ${place}, expected an object`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

function malformed(problem: string, cause?: unknown): TelemetryError {
  return new TelemetryError({
    code: "payload_malformed",
    message: `the body is not what was expected: ${problem}`,
    hint: "send OTLP/JSON as the OTLP specification 1.x describes it, or set the content type to what is sent",
    cause,
  });
}
