import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { itemsOf } from "./json.ts";
import { narrowed, widened } from "./schema-change.ts";

const MOST_TRIED = 40;

/** Compares branches of `allOf` that could not be merged: each is a condition more. */
export function compareConditions({ before, after }: ViewPair, comparison: Comparison): void {
  const left = { before: [...itemsOf(before["allOf"])], after: [...itemsOf(after["allOf"])] };
  if (left.before.length + left.after.length === 0) return;
  if (left.before.length <= MOST_TRIED && left.after.length <= MOST_TRIED) dropEqual(left, comparison);
  const both = Math.min(left.before.length, left.after.length);
  const place = { path: comparison.path, keyword: "allOf" };
  for (const [index, condition] of left.before.slice(0, both).entries()) {
    comparison.compare({ before: condition, after: left.after[index] ?? true }, comparison.path);
  }
  if (left.after.length > both)
    comparison.report(narrowed(place, `has ${left.after.length - both} more conditions in allOf`));
  if (left.before.length > both)
    comparison.report(widened(place, `has ${left.before.length - both} fewer conditions in allOf`));
}

function dropEqual(left: { before: JsonValue[]; after: JsonValue[] }, { effectOf }: Comparison): void {
  left.before = left.before.filter((before) => {
    const index = left.after.findIndex((after) => {
      const { narrows, widens } = effectOf({ before, after });
      return !narrows && !widens;
    });
    if (index >= 0) left.after.splice(index, 1);
    return index < 0;
  });
}
