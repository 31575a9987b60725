import type { JsonValue } from "../release/canonical-json.ts";
import { isJsonObject, itemsOf, memberOf, shortJson, stableText, type JsonObject } from "./json.ts";
import { listedValues, typesOf } from "./types.ts";

type ViewOf = (schema: JsonValue) => JsonObject | null;

/** Whether certainly no value fits both: by type, or by a required field whose values tell them apart. */
export function areDisjoint(a: JsonObject | null, b: JsonObject | null, viewOf: ViewOf): boolean {
  if (a === null || b === null) return false;
  const [typesOfA, typesOfB] = [typesOf(a), typesOf(b)];
  if (![...typesOfA].some((type) => typesOfB.has(type))) return true;
  if (areApart(listedValues(a), listedValues(b))) return true;
  if (typesOfA.size !== 1 || !typesOfA.has("object")) return false;
  const required = requiredNames(b);
  return [...requiredNames(a)].some(
    (name) => required.has(name) && areApart(valuesOf(a, name, viewOf), valuesOf(b, name, viewOf)),
  );
}

/** `kind "card"`: a required field with one value, by which alternatives are told apart; null when there is none. */
export function discriminatorOf(view: JsonObject, viewOf: ViewOf): string | null {
  for (const name of requiredNames(view)) {
    const values = valuesOf(view, name, viewOf);
    if (values?.length === 1) return `${name} ${shortJson(values[0])}`;
  }
  return null;
}

function requiredNames(view: JsonObject): ReadonlySet<string> {
  return new Set(itemsOf(view["required"]).filter((name) => typeof name === "string"));
}

function valuesOf(view: JsonObject, name: string, viewOf: ViewOf): readonly JsonValue[] | null {
  const { properties } = view;
  const schema = isJsonObject(properties) ? memberOf(properties, name) : undefined;
  const inner = schema === undefined ? null : viewOf(schema);
  return inner === null ? null : listedValues(inner);
}

function areApart(a: readonly JsonValue[] | null, b: readonly JsonValue[] | null): boolean {
  if (a === null || b === null) return false;
  const known = new Set(a.map(stableText));
  return !b.some((value) => known.has(stableText(value)));
}
