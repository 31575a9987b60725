import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { isJsonArray, type JsonObject } from "./json.ts";

type Shape = { readonly first: readonly JsonValue[]; readonly rest: JsonValue };

/** Compares the items at each position of a tuple, and of all others. */
export function compareArrays(pair: ViewPair, { path, compare }: Comparison): void {
  const [before, after] = [shapeOf(pair.before), shapeOf(pair.after)];
  for (let index = 0; index < Math.max(before.first.length, after.first.length); index += 1) {
    const [was, is] = [before.first[index] ?? before.rest, after.first[index] ?? after.rest];
    compare({ before: was, after: is }, `${path}[${index}]`);
  }
  compare({ before: before.rest, after: after.rest }, `${path}[*]`);
}

// Up to draft 7 a tuple is a list under `items`, and `additionalItems` speaks of the rest.
function shapeOf({ items = true, prefixItems, additionalItems = true }: JsonObject): Shape {
  if (isJsonArray(items)) return { first: items, rest: additionalItems };
  return { first: isJsonArray(prefixItems) ? prefixItems : [], rest: items };
}
