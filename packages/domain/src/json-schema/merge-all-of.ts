import type { JsonValue } from "../release/canonical-json.ts";
import { isJsonArray, isJsonObject, itemsOf, sameJson, type JsonObject } from "./json.ts";
import { ANNOTATIONS } from "./keywords.ts";

const DEEPEST = 16;
const MOST_PARTS = 100;

type Resolve = (schema: JsonValue) => JsonValue | null;

/**
 * One schema that says the same as a schema with `allOf`, so that moving a property into or out of a branch is no change.
 * Null when the parts speak of the same keyword in different ways: then the branches have to be compared as they are.
 */
export function mergeAllOf(schema: JsonObject, resolve: Resolve): JsonObject | null {
  const parts = partsOf(schema, resolve, DEEPEST);
  if (parts === null || !keepTheirMeaning(parts)) return null;
  const merged = new Map<string, JsonValue>();
  for (const part of parts) {
    for (const [keyword, value] of Object.entries(part)) {
      const both = value === undefined ? undefined : join(keyword, merged.get(keyword), value);
      if (both === null) return null;
      if (both !== undefined) merged.set(keyword, both);
    }
  }
  return Object.fromEntries(merged);
}

function partsOf(schema: JsonObject, resolve: Resolve, depth: number): readonly JsonObject[] | null {
  const { allOf, ...rest } = schema;
  if (!isJsonArray(allOf)) return [schema];
  const parts: JsonObject[] = [rest];
  for (const branch of allOf) {
    const resolved = resolve(branch);
    if (resolved === true) continue;
    const inner = isJsonObject(resolved) && depth > 0 ? partsOf(resolved, resolve, depth - 1) : null;
    if (inner === null || parts.length + inner.length > MOST_PARTS) return null;
    parts.push(...inner);
  }
  return parts;
}

// `additionalProperties` speaks of the properties beside it, so it cannot be put beside those of another branch.
function keepTheirMeaning(parts: readonly JsonObject[]): boolean {
  const speaking = parts.filter((part) => Object.keys(part).some((keyword) => NEIGHBOURS.has(keyword)));
  const isPlain = (part: JsonObject): boolean => !Object.keys(part).some((keyword) => DEPENDENT.has(keyword));
  return speaking.length <= 1 || speaking.every(isPlain);
}

const DEPENDENT = new Set(["additionalProperties", "unevaluatedProperties", "patternProperties", "additionalItems"]);
const NEIGHBOURS = new Set([...DEPENDENT, "properties", "items", "prefixItems", "unevaluatedItems"]);

// Null: they cannot be one keyword.
function join(keyword: string, held: JsonValue | undefined, value: JsonValue): JsonValue | null {
  if (held === undefined || ANNOTATIONS.has(keyword)) return held ?? value;
  if (keyword === "required") return [...itemsOf(held), ...itemsOf(value)];
  if (keyword === "properties" && isJsonObject(held) && isJsonObject(value)) {
    const isDisjoint = Object.keys(value).every((name) => !Object.hasOwn(held, name));
    return isDisjoint ? { ...held, ...value } : null;
  }
  return sameJson(held, value) ? held : null;
}
