import type { JsonValue } from "../release/canonical-json.ts";
import { compareAlternatives } from "./alternatives.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { isJsonArray, sameJson, type JsonObject } from "./json.ts";
import { ANNOTATIONS, STRUCTURE } from "./keywords.ts";
import { undecided } from "./schema-change.ts";

type Union = {
  readonly keyword: "anyOf" | "oneOf" | null;
  /** The keywords beside the union. */
  readonly base: JsonObject;
  readonly alternatives: readonly JsonValue[];
};

/** Compares `anyOf` and `oneOf`; gives what is left to compare beside them. */
export function compareUnions(pair: ViewPair, comparison: Comparison): ViewPair {
  const [before, after] = [unionOf(pair.before), unionOf(pair.after)];
  if (before === null || after === null) return compareBoth(pair, comparison);
  if (before.keyword === null && after.keyword === null) return pair;
  const [was, is] = [
    before.keyword === null ? asUnion(before, after) : before,
    after.keyword === null ? asUnion(after, before) : after,
  ];
  compareAlternatives(
    { before: was.alternatives, after: is.alternatives },
    {
      ...comparison,
      mustBeDisjoint: was.keyword === "oneOf" || is.keyword === "oneOf",
      isSameKind: was.keyword === is.keyword || was.keyword === null || is.keyword === null,
    },
  );
  return { before: was.base, after: is.base };
}

// Null: both keywords at once.
function unionOf(schema: JsonObject): Union | null {
  const { anyOf, oneOf, ...base } = schema;
  if (isJsonArray(anyOf) && isJsonArray(oneOf)) return null;
  if (isJsonArray(anyOf)) return { keyword: "anyOf", base, alternatives: anyOf };
  if (isJsonArray(oneOf)) return { keyword: "oneOf", base, alternatives: oneOf };
  return { keyword: null, base, alternatives: [] };
}

// A schema without a union is one with a single alternative. Which keywords are beside it follows the other side.
function asUnion({ base }: Union, other: Union): Union {
  if (Object.keys(constraintsOf(other.base)).length > 0) return { keyword: null, base, alternatives: [true] };
  return { keyword: null, base: annotationsOf(base), alternatives: byType(constraintsOf(base)) };
}

function byType(schema: JsonObject): readonly JsonValue[] {
  const { nullable, ...rest } = schema;
  const types = isJsonArray(rest["type"]) ? rest["type"] : [];
  const nothing = nullable === true && rest["type"] !== undefined ? [{ type: "null" }] : [];
  return [...(types.length < 2 ? [rest] : types.map((type) => ({ ...rest, type }))), ...nothing];
}

function constraintsOf(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !isSilent(keyword)));
}

function annotationsOf(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => isSilent(keyword)));
}

function isSilent(keyword: string): boolean {
  return ANNOTATIONS.has(keyword) || STRUCTURE.has(keyword);
}

function compareBoth({ before, after }: ViewPair, { path, report }: Comparison): ViewPair {
  for (const keyword of ["anyOf", "oneOf"] as const) {
    if (sameJson(before[keyword], after[keyword])) continue;
    report(
      undecided(
        { path, keyword },
        `${keyword} changed beside another union: whether it takes less or more cannot be told`,
      ),
    );
  }
  return pairWithout({ before, after });
}

function pairWithout({ before, after }: ViewPair): ViewPair {
  const { anyOf: _, oneOf: __, ...was } = before;
  const { anyOf: ___, oneOf: ____, ...is } = after;
  return { before: was, after: is };
}
