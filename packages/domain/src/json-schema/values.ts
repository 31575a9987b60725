import type { JsonValue } from "../release/canonical-json.ts";
import { isWithinBounds } from "./bounds.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { shortJson, stableText, type JsonObject } from "./json.ts";
import { narrowed, widened } from "./schema-change.ts";
import { atomOf, listedValues, typesOf } from "./types.ts";

/**
 * Compares `enum` and `const`. True when a side lists its values: then the limits on numbers and lengths have been
 * considered with them.
 */
export function compareValues({ before, after }: ViewPair, { path, report }: Comparison): boolean {
  const [had, has] = [listedValues(before), listedValues(after)];
  const place = { path, keyword: "enum" };
  if (had === null && has === null) return false;
  if (had !== null && has !== null) {
    const gone = notIn(possible(had, before), possible(has, after), after);
    const gained = notIn(possible(has, after), possible(had, before), before);
    if (gone.length > 0) report(narrowed(place, `no longer takes ${listed(gone)}`));
    if (gained.length > 0) report(widened(place, `takes ${listed(gained)} too`));
  } else if (has !== null) {
    report(narrowed(place, `takes only ${listed(has)} now`));
    const gained = has.filter((value) => typesOf(before).has(atomOf(value)) && !isWithinBounds(value, before));
    if (gained.length > 0) report(widened(place, `takes ${listed(gained)} now, whatever its limits were before`));
  } else if (had !== null) {
    report(widened(place, `takes more than ${listed(had)} now`));
    const gone = had.filter((value) => typesOf(after).has(atomOf(value)) && !isWithinBounds(value, after));
    if (gone.length > 0) report(narrowed(place, `may refuse ${listed(gone)} by its new limits`));
  }
  return true;
}

// Values that are listed and outside of the schema's own type or limits can never occur.
function possible(values: readonly JsonValue[], schema: JsonObject): readonly JsonValue[] {
  const { pattern: _, format: __, ...rest } = schema;
  const types = typesOf(schema);
  return values.filter(
    (value) => types.has(atomOf(value)) && (typeof value === "object" || isWithinBounds(value, rest)),
  );
}

// A kind of value that the other side does not take at all is a matter of its type, reported there.
function notIn(values: readonly JsonValue[], others: readonly JsonValue[], other: JsonObject): readonly JsonValue[] {
  const known = new Set(others.map(stableText));
  const types = typesOf(other);
  return values.filter((value) => types.has(atomOf(value)) && !known.has(stableText(value)));
}

const MOST_SHOWN = 5;

function listed(values: readonly JsonValue[]): string {
  const shown = values.slice(0, MOST_SHOWN).map(shortJson).join(", ");
  return values.length > MOST_SHOWN ? `${shown} and ${values.length - MOST_SHOWN} more` : shown;
}
