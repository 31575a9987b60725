import type { JsonValue } from "../release/canonical-json.ts";
import { isJsonArray, isJsonObject, memberOf, type JsonObject } from "./json.ts";
import { STRUCTURE } from "./keywords.ts";

const LONGEST_CHAIN = 32;
const MOST_NODES = 200_000;

/** Follows `$ref`s within the document as long as the schema is nothing but one; null where one leads nowhere in it. */
export function followReference(schema: JsonValue, root: JsonValue): JsonValue | null {
  let current = schema;
  for (let step = 0; step < LONGEST_CHAIN; step += 1) {
    if (!isJsonObject(current) || typeof current["$ref"] !== "string") return current;
    const target = targetOf(current["$ref"], root);
    if (target === undefined) return null;
    const beside = besideReference(current);
    if (Object.keys(beside).length > 0) return { ...beside, allOf: [...allOfOf(beside), target] };
    current = target;
  }
  return null;
}

// Definitions beside a reference act only where something refers to them.
function besideReference(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !STRUCTURE.has(keyword)));
}

function allOfOf(schema: JsonObject): readonly JsonValue[] {
  const allOf = schema["allOf"];
  return isJsonArray(allOf) ? allOf : [];
}

/** What a reference names in its own document: by JSON pointer, by `$anchor` or by `$id`. */
function targetOf(reference: string, root: JsonValue): JsonValue | undefined {
  if (reference === "#") return root;
  return reference.startsWith("#/") ? atPointer(reference.slice(2), root) : named(reference, root);
}

function atPointer(pointer: string, root: JsonValue): JsonValue | undefined {
  let current: JsonValue | undefined = root;
  for (const part of pointer.split("/")) {
    const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (isJsonArray(current)) current = /^\d+$/.test(name) ? current[Number(name)] : undefined;
    else current = isJsonObject(current) ? memberOf(current, name) : undefined;
  }
  return current;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function named(reference: string, root: JsonValue): JsonValue | undefined {
  const todo: JsonValue[] = [root];
  let left = MOST_NODES;
  for (let value = todo.pop(); value !== undefined && left > 0; value = todo.pop()) {
    left -= 1;
    if (isJsonObject(value)) {
      if (value["$id"] === reference) return value;
      if (typeof value["$anchor"] === "string" && reference === `#${value["$anchor"]}`) return value;
    }
    if (typeof value !== "object" || value === null) continue;
    for (const child of Object.values(value)) if (typeof child === "object" && child !== null) todo.push(child);
  }
  return undefined;
}
