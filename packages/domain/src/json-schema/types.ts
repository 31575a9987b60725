import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { isJsonArray, itemsOf, type JsonObject } from "./json.ts";
import { narrowed, undecided, widened } from "./schema-change.ts";

/** The kinds of JSON values, cut so that no two overlap: `number` is both `integer` and `fraction`. */
export type Atom = "null" | "boolean" | "object" | "array" | "string" | "integer" | "fraction";

const ALL: readonly Atom[] = ["null", "boolean", "object", "array", "string", "integer", "fraction"];
const ATOMS: ReadonlyMap<string, readonly Atom[]> = new Map<string, readonly Atom[]>([
  ...ALL.map((atom) => [atom, [atom]] as const),
  ["number", ["integer", "fraction"]],
]);

/** Which kinds of values a schema takes, by its `type` and by the values that it lists. */
export function typesOf(schema: JsonObject): ReadonlySet<Atom> {
  const declared = declaredTypes(schema);
  const values = listedValues(schema);
  if (values === null) return declared;
  const listed = new Set(values.map(atomOf));
  return new Set([...declared].filter((atom) => listed.has(atom)));
}

function declaredTypes({ type, nullable }: JsonObject): ReadonlySet<Atom> {
  const names = isJsonArray(type) ? type : [type];
  if (type === undefined || !isReadable(type)) return new Set(ALL);
  const atoms = names.flatMap((name) => (typeof name === "string" ? (ATOMS.get(name) ?? []) : []));
  // OpenAPI 3.0 writes it so.
  return new Set(nullable === true ? [...atoms, "null"] : atoms);
}

/** The values of `enum` and `const`; null when any value will do. */
export function listedValues(schema: JsonObject): readonly JsonValue[] | null {
  const { const: only, enum: listed } = schema;
  if (only !== undefined) return [only];
  return isJsonArray(listed) ? listed : null;
}

export function atomOf(value: JsonValue): Atom {
  if (value === null) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "fraction";
  if (typeof value === "boolean" || typeof value === "string") return typeof value as "boolean" | "string";
  return isJsonArray(value) ? "array" : "object";
}

/** Reports changed types; gives the kinds of values that both take, which are all that the other keywords matter for. */
export function compareTypes({ before, after }: ViewPair, { path, report }: Comparison): ReadonlySet<Atom> {
  const place = { path, keyword: "type" };
  if (!isReadable(before["type"]) || !isReadable(after["type"])) {
    if (JSON.stringify(before["type"]) !== JSON.stringify(after["type"])) {
      report(undecided(place, "has a type that JSON Schema does not know"));
    }
    return new Set(ALL);
  }
  const [had, has] = [typesOf(before), typesOf(after)];
  const gone = [...had].filter((atom) => !has.has(atom));
  const gained = [...has].filter((atom) => !had.has(atom));
  if (gone.length > 0 && gained.length > 0) {
    const [from, to] = [typeNames(had), typeNames(has)];
    const words = `changed its type from ${from} to ${to}`;
    report({ kind: "retyped", path, from, to, words, narrows: true, widens: true });
  } else if (gone.length > 0)
    report(narrowed(place, `takes ${typeNames(has)} now, no longer ${typeNames(new Set(gone))}`));
  else if (gained.length > 0) report(widened(place, `takes ${typeNames(new Set(gained))} too`));
  return new Set([...had].filter((atom) => has.has(atom)));
}

function isReadable(type: JsonValue | undefined): boolean {
  if (type === undefined) return true;
  const names = isJsonArray(type) ? itemsOf(type) : [type];
  return names.length > 0 && names.every((name) => typeof name === "string" && name !== "fraction" && ATOMS.has(name));
}

function typeNames(atoms: ReadonlySet<Atom>): string {
  if (atoms.size === ALL.length) return "any type";
  const names = [...atoms].filter((atom) => atom !== "fraction" && !(atom === "integer" && atoms.has("fraction")));
  if (atoms.has("fraction")) return [...names, atoms.has("integer") ? "number" : "fractions"].join(" or ");
  return names.length === 0 ? "no value" : names.join(" or ");
}
