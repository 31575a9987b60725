import { ReleaseError } from "./error.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue | undefined };

/**
 * The one way to write a JSON value, by RFC 8785: no spaces, numbers and strings as ECMAScript writes them, names sorted
 * by UTF-16 code units. A name whose value is undefined is left out. Throws `ReleaseError` `spec_invalid` for what
 * JSON cannot say: NaN, infinities, half of a surrogate pair.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (typeof value === "string") return canonicalString(value);
  if (isJsonArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  const members = Object.keys(value)
    .sort(byCodeUnits)
    .flatMap((name) => {
      const member = value[name];
      return member === undefined ? [] : [`${canonicalString(name)}:${canonicalJson(member)}`];
    });
  return `{${members.join(",")}}`;
}

/** The canonical JSON as the bytes that are hashed and stored. */
export function canonicalJsonBytes(value: JsonValue): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

// RFC 8785 section 3.2.2.3 takes over ECMAScript's own number writing, -0 as 0 included.
function canonicalNumber(value: number): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  throw notJson(`the number ${value}`, "a finite number");
}

function canonicalString(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text);
  throw notJson("a string with half of a surrogate pair", "Unicode text");
}

function notJson(found: string, expected: string): ReleaseError {
  return new ReleaseError({
    code: "spec_invalid",
    message: `found ${found}, expected ${expected}`,
    hint: "correct the value: only what JSON can say can be part of a release",
  });
}

/** `Array.isArray` does not narrow a readonly array out of a union. */
export function isJsonArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
