import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { sameJson, shortJson } from "./json.ts";
import { narrowed, undecided, widened } from "./schema-change.ts";
import type { Atom } from "./types.ts";

/** For which kind of value a keyword matters; null for every kind. */
const WHOLE: ReadonlyMap<string, Atom | null> = new Map<string, Atom | null>([
  ["not", null],
  ["if", null],
  ["then", null],
  ["else", null],
  ["$dynamicRef", null],
  ["$recursiveRef", null],
  ["pattern", "string"],
  ["format", null],
  ["dependentRequired", "object"],
  ["dependentSchemas", "object"],
  ["dependencies", "object"],
  ["propertyNames", "object"],
  ["unevaluatedProperties", "object"],
  ["contains", "array"],
  ["minContains", "array"],
  ["maxContains", "array"],
  ["unevaluatedItems", "array"],
]);

/** More `contains` may be asked for or fewer, depending on the number: one more does not always narrow. */
const EITHER_WAY = new Set(["minContains", "maxContains"]);

export const WHOLE_KEYWORDS: ReadonlySet<string> = new Set(WHOLE.keys());

/**
 * Keywords that only ever refuse values, each compared as a whole: one more narrows, one fewer widens, and of one that
 * changed cannot be told. Patterns are not run: a hostile one could take for ever.
 */
export function compareWhole({ before, after }: ViewPair, types: ReadonlySet<Atom>, comparison: Comparison): void {
  const { path, report } = comparison;
  for (const [keyword, atom] of WHOLE) {
    const [was, is] = [assertion(before[keyword]), assertion(after[keyword])];
    if ((atom !== null && !types.has(atom)) || sameJson(was, is)) continue;
    const place = { path, keyword };
    if (was === undefined && !EITHER_WAY.has(keyword)) report(narrowed(place, `${keyword} ${shortJson(is)} is new`));
    else if (is === undefined && !EITHER_WAY.has(keyword))
      report(widened(place, `${keyword} ${shortJson(was)} is gone`));
    else
      report(
        undecided(
          place,
          `${keyword} ${shortJson(was)} → ${shortJson(is)}: whether it takes less or more cannot be told`,
        ),
      );
  }
}

// `true` refuses nothing.
function assertion(value: JsonValue | undefined): JsonValue | undefined {
  return value === true ? undefined : value;
}
