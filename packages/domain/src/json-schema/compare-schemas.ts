import type { JsonValue } from "../release/canonical-json.ts";
import { compareArrays } from "./arrays.ts";
import { compareBounds } from "./bounds.ts";
import type { Comparison, SchemaPair, ViewPair } from "./comparison.ts";
import { compareConditions } from "./conditions.ts";
import { isDeeperThan, isJsonObject, sameJson, type JsonObject } from "./json.ts";
import { mergeAllOf } from "./merge-all-of.ts";
import { compareNotes } from "./notes.ts";
import { compareObjects } from "./objects.ts";
import { followReference } from "./resolve-reference.ts";
import { narrowed, note, undecided, widened, type SchemaChange, type SchemaEffect } from "./schema-change.ts";
import { keepEffect, markSeen, noSeenPairs, type KnownEffects, type SeenPairs } from "./seen-pairs.ts";
import { compareTypes } from "./types.ts";
import { compareUnions } from "./unions.ts";
import { compareValues } from "./values.ts";
import { compareWhole } from "./whole-keywords.ts";

const DEEPEST_JSON = 500;
const DEEPEST = 64;
/** Places compared, alternatives of unions that were tried included. */
const MOST_PLACES = 200_000;
const MOST_CHANGES = 1000;

type Walk = {
  readonly roots: SchemaPair;
  readonly work: { placesLeft: number };
  readonly report: (change: SchemaChange) => void;
  readonly seen: SeenPairs;
  readonly known: KnownEffects;
};
type Place = { readonly path: string; readonly depth: number };

/**
 * How one JSON Schema differs from another, place by place: which values it may refuse that were accepted, and accept that
 * were refused. Sound where it says neither; what it cannot tell is `undecided` and counts as both. `$ref`s are followed
 * within each document. Time, depth and the length of the list are bounded, whatever the schemas.
 */
export function compareSchemas(before: JsonValue, after: JsonValue): readonly SchemaChange[] {
  if (sameJson(before, after)) return [];
  if (isDeeperThan(before, DEEPEST_JSON) || isDeeperThan(after, DEEPEST_JSON)) {
    return [undecided({ path: "$", keyword: "$" }, "is nested too deep to be compared")];
  }
  const changes: SchemaChange[] = [];
  const roots = { before, after };
  const work = { placesLeft: MOST_PLACES };
  const walk = { roots, work, report: collect(changes), seen: noSeenPairs(null), known: new Map() };
  comparePlace(roots, { path: "$", depth: 0 }, walk);
  if (work.placesLeft < 0) walk.report(undecided({ path: "$", keyword: "$" }, "is too large to be compared whole"));
  if (changes.length === 0) return [note({ path: "$", keyword: "$" }, "is written in another way and takes the same")];
  return changes;
}

function collect(changes: SchemaChange[]): (change: SchemaChange) => void {
  return (change) => {
    if (changes.length < MOST_CHANGES) changes.push(change);
    else if (changes.length === MOST_CHANGES) {
      changes.push(
        undecided({ path: "$", keyword: "$" }, `has more than ${MOST_CHANGES} changes; the rest is not listed`),
      );
    }
  };
}

function comparePlace(pair: SchemaPair, { path, depth }: Place, walk: Walk): void {
  const { report, work } = walk;
  if (pair.before === true && pair.after === true) return;
  work.placesLeft -= 1;
  if (work.placesLeft < 0) return;
  if (depth > DEEPEST) {
    if (!sameJson(pair.before, pair.after))
      report(undecided({ path, keyword: "$" }, "is nested too deep to be compared"));
    return;
  }
  const [before, after] = [viewOf(pair.before, walk.roots.before), viewOf(pair.after, walk.roots.after)];
  if (before === null || after === null) return compareUnresolved(pair, path, walk);
  if (markSeen(before, after, walk.seen)) return;
  const comparison = {
    path,
    report,
    compare: (inner: SchemaPair, at: string) => comparePlace(inner, { path: at, depth: depth + 1 }, walk),
    effectOf: (inner: SchemaPair) => effectOf(inner, depth + 1, walk),
    viewOf: (schema: JsonValue, side: "before" | "after") => viewOf(schema, walk.roots[side]),
  };
  compareViews({ before: merged(before, walk.roots.before), after: merged(after, walk.roots.after) }, comparison);
}

// Null when it refers to something outside of the document. What stands for a boolean is new each time: a pair of schemas
// is compared once, and two places with `false` are two pairs.
function viewOf(schema: JsonValue, root: JsonValue): JsonObject | null {
  const followed = followReference(schema, root);
  if (followed === null) return null;
  if (followed === false) return { not: {} };
  // What is no schema at all says nothing.
  return isJsonObject(followed) ? followed : {};
}

function merged(view: JsonObject, root: JsonValue): JsonObject {
  if (view["allOf"] === undefined) return view;
  return mergeAllOf(view, (branch) => followReference(branch, root)) ?? view;
}

function compareUnresolved({ before, after }: SchemaPair, path: string, { report }: Walk): void {
  if (sameJson(before, after)) return;
  report(
    undecided({ path, keyword: "$ref" }, "refers to a schema outside of this document: what it takes cannot be told"),
  );
}

function compareViews(pair: ViewPair, comparison: Comparison): void {
  const { path, report } = comparison;
  const [wasNever, isNever] = [takesNothing(pair.before), takesNothing(pair.after)];
  if (wasNever && isNever) return;
  if (isNever) return report(narrowed({ path, keyword: "not" }, "takes no value now"));
  if (wasNever) return report(widened({ path, keyword: "not" }, "took no value before"));
  compareNotes(pair, comparison);
  const rest = compareUnions(pair, comparison);
  compareConditions(rest, comparison);
  const types = compareTypes(rest, comparison);
  if (!compareValues(rest, comparison)) compareBounds(rest, types, comparison);
  compareWhole(rest, types, comparison);
  if (types.has("object")) compareObjects(rest, comparison);
  if (types.has("array")) compareArrays(rest, comparison);
}

function takesNothing({ not }: JsonObject): boolean {
  return not === true || (isJsonObject(not) && Object.keys(not).length === 0);
}

// What a trial finds is not reported, and the pairs that it has seen are forgotten.
function effectOf(pair: SchemaPair, depth: number, walk: Walk): SchemaEffect {
  const { before, after } = pair;
  const objects = isJsonObject(before) && isJsonObject(after) ? { before, after } : null;
  const kept = objects === null ? undefined : walk.known.get(objects.before)?.get(objects.after);
  if (kept !== undefined) return kept;
  const effect = { narrows: false, widens: false };
  const report = (change: SchemaChange): void => {
    effect.narrows ||= change.narrows;
    effect.widens ||= change.widens;
  };
  const seen = noSeenPairs(walk.seen);
  comparePlace(pair, { path: "$", depth }, { ...walk, report, seen });
  if (walk.work.placesLeft < 0) return { narrows: true, widens: true };
  if (seen.restsOnAssumption) walk.seen.restsOnAssumption = true;
  // An assumption only ever hides an effect: with both effects found it has hidden nothing.
  if (objects !== null && (!seen.restsOnAssumption || (effect.narrows && effect.widens))) {
    keepEffect(walk.known, objects, effect);
  }
  return effect;
}
