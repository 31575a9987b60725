import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, SchemaPair } from "./comparison.ts";
import { isJsonObject, memberOf, stableText, type JsonObject } from "./json.ts";
import { areDisjoint, discriminatorOf } from "./disjoint.ts";
import { narrowed, undecided, widened, type SchemaEffect } from "./schema-change.ts";
import { typesOf } from "./types.ts";

type Lists = { readonly before: readonly JsonValue[]; readonly after: readonly JsonValue[] };
type UnionComparison = Comparison & {
  /** `oneOf`: a value that fits two alternatives is refused. */
  readonly mustBeDisjoint: boolean;
  readonly isSameKind: boolean;
};
type Side = "before" | "after";

/** Each alternative is tried against each; more than this are compared by their text alone. */
const MOST_TRIED = 40;

/**
 * Compares the alternatives of a union whatever their order: first those that take the same, then those with the same
 * name or type, whose inner changes are told. One that is left over is fine when another takes all of its values.
 */
export function compareAlternatives(lists: Lists, comparison: UnionComparison): void {
  if (lists.before.length > MOST_TRIED || lists.after.length > MOST_TRIED) return compareTexts(lists, comparison);
  const { effectOf } = comparison;
  const left = { before: [...lists.before], after: [...lists.after] };
  for (const pair of takePairs(left, (pair) => isSilent(effectOf(pair)))) comparison.compare(pair, comparison.path);
  const isChanged = left.before.length + left.after.length > 0;
  compareRelated(left, lists, comparison);
  reportLeft(left, lists, comparison);
  if (comparison.mustBeDisjoint && (isChanged || !comparison.isSameKind)) checkOverlap(lists, comparison);
}

function compareTexts(lists: Lists, { path, report, mustBeDisjoint }: UnionComparison): void {
  const place = { path, keyword: mustBeDisjoint ? "oneOf" : "anyOf" };
  const [had, has] = [new Set(lists.before.map(stableText)), new Set(lists.after.map(stableText))];
  const gone = [...had].filter((text) => !has.has(text)).length;
  const gained = [...has].filter((text) => !had.has(text)).length;
  if (gone > 0) report(narrowed(place, `no longer has ${gone} of its ${had.size} alternatives`));
  if (gained > 0) report(widened(place, `has ${gained} alternatives that are new`));
  // Equal texts can refer to definitions that changed, and `oneOf` to alternatives that overlap.
  report(undecided(place, "has too many alternatives to be compared one by one"));
}

function compareRelated(left: Record<Side, JsonValue[]>, lists: Lists, comparison: UnionComparison): void {
  const { path, compare } = comparison;
  const label = (schema: JsonValue, side: Side): string => labelOf(schema, side, comparison);
  // Of a union that only says "or nothing" nobody thinks as of one.
  const isPlain = lists.before.length <= 2 && lists.after.length <= 2;
  const isUnion = ({ before, after }: SchemaPair): boolean => before !== true && after !== true;
  for (const pair of takePairs(
    left,
    (pair) => isUnion(pair) && label(pair.before, "before") === label(pair.after, "after"),
  )) {
    compare(pair, isPlain ? path : `${path}(${label(pair.before, "before")})`);
  }
  if (left.before.length !== 1 || left.after.length !== 1) return;
  for (const pair of takePairs(left, isUnion)) compare(pair, path);
}

function reportLeft(left: Lists, lists: Lists, comparison: UnionComparison): void {
  const { path, report, effectOf, mustBeDisjoint } = comparison;
  const place = { path, keyword: mustBeDisjoint ? "oneOf" : "anyOf" };
  for (const before of left.before) {
    if (lists.after.some((after) => !effectOf({ before, after }).narrows)) continue;
    report(narrowed(place, `no longer takes ${labelOf(before, "before", comparison)}`));
  }
  for (const after of left.after) {
    if (lists.before.some((before) => !effectOf({ before, after }).widens)) continue;
    report(widened(place, `takes ${labelOf(after, "after", comparison)} too`));
  }
}

function isSilent({ narrows, widens }: SchemaEffect): boolean {
  return !narrows && !widens;
}

// One to one; takes them out of the lists.
function takePairs(left: Record<Side, JsonValue[]>, fits: (pair: SchemaPair) => boolean): readonly SchemaPair[] {
  const pairs: SchemaPair[] = [];
  left.before = left.before.filter((before) => {
    const index = left.after.findIndex((after) => fits({ before, after }));
    const after = left.after[index];
    if (after === undefined) return true;
    left.after.splice(index, 1);
    pairs.push({ before, after });
    return false;
  });
  return pairs;
}

/** How an alternative is called: what it refers to, its title, the value that tells it from the others, or its type. */
function labelOf(schema: JsonValue, side: Side, comparison: Comparison): string {
  if (schema === true) return "whatever fits none of its alternatives";
  const name = isJsonObject(schema) ? memberOf(schema, "$ref") : undefined;
  if (typeof name === "string") return (name.split("/").at(-1) ?? name).slice(0, 60);
  const view = comparison.viewOf(schema, side);
  if (view === null) return "an alternative";
  if (typeof view["title"] === "string") return view["title"].slice(0, 60);
  const types = typesOf(view);
  const type = types.has("fraction") ? "number" : ([...types][0] ?? "nothing");
  return discriminatorOf(view, (inner) => comparison.viewOf(inner, side)) ?? (types.size > 2 ? "any value" : type);
}

function checkOverlap(lists: Lists, comparison: UnionComparison): void {
  const viewsOf = (side: Side): readonly (JsonObject | null)[] =>
    lists[side].map((schema) => comparison.viewOf(schema, side));
  for (const side of ["before", "after"] as const) {
    const views = viewsOf(side);
    const isApart = views.every((view, index) =>
      views.slice(index + 1).every((other) => areDisjoint(view, other, (inner) => comparison.viewOf(inner, side))),
    );
    if (isApart) continue;
    comparison.report(
      undecided(
        { path: comparison.path, keyword: "oneOf" },
        "changed among alternatives that may overlap: what oneOf refuses then cannot be told",
      ),
    );
    return;
  }
}
