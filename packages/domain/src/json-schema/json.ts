import type { JsonValue } from "../release/canonical-json.ts";

export type JsonObject = { readonly [name: string]: JsonValue | undefined };

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The items of an array; of anything else, none. */
export function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonArray(value) ? value : [];
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** A member that is the object's own: `constructor` and `__proto__` are names like any other. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether two values say the same, whatever the order of names. Needs no stack, however deep they are. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  const todo: [JsonValue | undefined, JsonValue | undefined][] = [[a, b]];
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const parts = partsToCompare(pair[0], pair[1]);
    if (parts === null) return false;
    for (const part of parts) todo.push(part);
  }
  return true;
}

type Parts = readonly [JsonValue | undefined, JsonValue | undefined][];

// Null when they differ right here.
function partsToCompare(a: JsonValue | undefined, b: JsonValue | undefined): Parts | null {
  if (a === b) return [];
  if (isJsonArray(a) && isJsonArray(b)) {
    return a.length === b.length ? a.map((item, index) => [item, b[index]]) : null;
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return null;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length || names.some((name) => !Object.hasOwn(b, name))) return null;
  return names.map((name) => [a[name], b[name]]);
}

/** Whether objects and arrays lie in one another more than `most` times. Needs no stack. */
export function isDeeperThan(value: JsonValue, most: number): boolean {
  let level: readonly JsonValue[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

function childrenOf(value: JsonValue): readonly JsonValue[] {
  if (isJsonArray(value)) return value.filter(isNested);
  return isJsonObject(value) ? Object.values(value).filter(isNested) : [];
}

function isNested(value: JsonValue | undefined): value is JsonObject | readonly JsonValue[] {
  return typeof value === "object" && value !== null;
}

const LONGEST = 80;

/** A value as a person reads it in a sentence: JSON, cut where it is long. For values of bounded depth. */
export function shortJson(value: JsonValue | undefined): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).toWellFormed()}…`;
}

/** The same text for the same value, whatever the order of names. For values of bounded depth. */
export function stableText(value: JsonValue | undefined): string {
  if (isJsonArray(value)) return `[${value.map((item) => stableText(item)).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? "";
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${stableText(value[name])}`);
  return `{${members.join(",")}}`;
}
