import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { shortJson, type JsonObject } from "./json.ts";
import { narrowed, undecided, widened } from "./schema-change.ts";
import { typesOf, type Atom } from "./types.ts";

type Limit = { readonly value: number; readonly isExclusive: boolean };
type Rule = { readonly keyword: string; readonly isLower: boolean; readonly of: (schema: JsonObject) => Limit };

const NUMBER_RULES: readonly Rule[] = [
  { keyword: "minimum", isLower: true, of: (schema) => numberLimit(schema, "minimum", "exclusiveMinimum") },
  { keyword: "maximum", isLower: false, of: (schema) => numberLimit(schema, "maximum", "exclusiveMaximum") },
];
const STRING_RULES = [lower("minLength"), upper("maxLength")];
const ARRAY_RULES = [lower("minItems"), upper("maxItems")];
const OBJECT_RULES = [lower("minProperties"), upper("maxProperties")];

/** Compares the limits on numbers, lengths and counts that matter for the kinds of values that both sides take. */
export function compareBounds(pair: ViewPair, types: ReadonlySet<Atom>, comparison: Comparison): void {
  for (const rule of rulesFor(types)) compareLimit(pair, rule, comparison);
  if (types.has("integer") || types.has("fraction")) compareMultiple(pair, comparison);
  if (types.has("array")) compareUniqueness(pair, comparison);
}

function rulesFor(types: ReadonlySet<Atom>): readonly Rule[] {
  return [
    ...(types.has("integer") || types.has("fraction") ? NUMBER_RULES : []),
    ...(types.has("string") ? STRING_RULES : []),
    ...(types.has("array") ? ARRAY_RULES : []),
    ...(types.has("object") ? OBJECT_RULES : []),
  ];
}

function compareUniqueness({ before, after }: ViewPair, { path, report }: Comparison): void {
  const [wasUnique, isUnique] = [before["uniqueItems"] === true, after["uniqueItems"] === true];
  const place = { path, keyword: "uniqueItems" };
  if (isUnique && !wasUnique) report(narrowed(place, "takes every item only once now"));
  if (wasUnique && !isUnique) report(widened(place, "takes the same item more than once now"));
}

/** Whether a number or a text lies within the limits. Of a pattern or a format nothing is known: then false. */
export function isWithinBounds(value: JsonValue, schema: JsonObject): boolean {
  if (typeof value === "number") {
    const { multipleOf } = schema;
    const isMultiple = typeof multipleOf !== "number" || isMultipleOf(value, multipleOf);
    return isMultiple && NUMBER_RULES.every((rule) => holds(value, rule, schema));
  }
  if (typeof value !== "string") return typeof value !== "object" || value === null;
  if (schema["pattern"] !== undefined || schema["format"] !== undefined) return false;
  return STRING_RULES.every((rule) => holds(Array.from(value).length, rule, schema));
}

function holds(value: number, rule: Rule, schema: JsonObject): boolean {
  const limit = rule.of(schema);
  if (value === limit.value) return !limit.isExclusive;
  return rule.isLower ? value > limit.value : value < limit.value;
}

function lower(keyword: string): Rule {
  return { keyword, isLower: true, of: (schema) => ({ value: numberOr(schema[keyword], 0), isExclusive: false }) };
}

function upper(keyword: string): Rule {
  return {
    keyword,
    isLower: false,
    of: (schema) => ({ value: numberOr(schema[keyword], Infinity), isExclusive: false }),
  };
}

// An exclusive limit is a number of its own, or, up to draft 4 and in OpenAPI 3.0, a flag beside the other.
function numberLimit(schema: JsonObject, keyword: "minimum" | "maximum", exclusive: string): Limit {
  const none = keyword === "minimum" ? -Infinity : Infinity;
  const inclusive = numberOr(schema[keyword], none);
  const flag = schema[exclusive];
  const other = numberOr(flag, none);
  const isOtherTighter = keyword === "minimum" ? other >= inclusive : other <= inclusive;
  const limit =
    Number.isFinite(other) && isOtherTighter
      ? { value: other, isExclusive: true }
      : { value: inclusive, isExclusive: flag === true && Number.isFinite(inclusive) };
  const isWhole = Number.isInteger(limit.value) && !typesOf(schema).has("fraction");
  if (!limit.isExclusive || !isWhole) return limit;
  return { value: limit.value + (keyword === "minimum" ? 1 : -1), isExclusive: false };
}

function numberOr(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function compareLimit({ before, after }: ViewPair, rule: Rule, { path, report }: Comparison): void {
  const [was, is] = [rule.of(before), rule.of(after)];
  const difference = is.value === was.value ? Number(is.isExclusive) - Number(was.isExclusive) : is.value - was.value;
  if (difference === 0) return;
  const isByFlag = is.value === was.value;
  const isTighter = isByFlag || rule.isLower ? difference > 0 : difference < 0;
  const words = `${rule.keyword} ${limitWords(was, rule)} → ${limitWords(is, rule)}`;
  report((isTighter ? narrowed : widened)({ path, keyword: rule.keyword }, words));
}

function limitWords({ value, isExclusive }: Limit, { isLower }: Rule): string {
  if (!Number.isFinite(value)) return "none";
  return `${isExclusive ? (isLower ? "above " : "below ") : ""}${value}`;
}

function compareMultiple({ before, after }: ViewPair, { path, report }: Comparison): void {
  const [was, is] = [before["multipleOf"], after["multipleOf"]];
  const place = { path, keyword: "multipleOf" };
  if (was === is) return;
  if (typeof was !== "number") report(narrowed(place, `takes only multiples of ${shortJson(is)} now`));
  else if (typeof is !== "number") report(widened(place, `takes more than multiples of ${was} now`));
  else {
    const words = `takes multiples of ${is} now, not of ${was}`;
    if (isMultipleOf(is, was)) report(narrowed(place, words));
    else report(isMultipleOf(was, is) ? widened(place, words) : undecided(place, words));
  }
}

function isMultipleOf(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
}
