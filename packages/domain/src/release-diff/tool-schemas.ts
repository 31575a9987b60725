import { compareSchemas } from "../json-schema/compare-schemas.ts";
import type { SchemaChange } from "../json-schema/schema-change.ts";
import type { JsonValue } from "../release/canonical-json.ts";
import { BREAKS_AGENTS, BREAKS_CALLERS, BREAKS_NOBODY, type Change } from "./change.ts";

/** Arguments are input: what B refuses and A took breaks those who call, and so does a field that B no longer reads. */
export function diffParameters(before: JsonValue, after: JsonValue): readonly Change[] {
  return compareSchemas(before, after).map((change) => {
    const isBreaking = change.narrows || change.kind === "propertyRemoved";
    return {
      kind: "parameterChanged",
      ...placeOf(change),
      breaks: isBreaking ? BREAKS_AGENTS : BREAKS_NOBODY,
      words: sentence(change.path, change.words, { whole: "the parameter schema", field: "parameter" }),
    };
  });
}

/**
 * Results are output: what B may give and A never gave breaks those who read, and so does a field that B no longer gives.
 * A tool without a result schema promises nothing.
 */
export function diffResults(before: JsonValue | undefined, after: JsonValue | undefined): readonly Change[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [undescribed({ isDescribed: true })];
  if (after === undefined) return [undescribed({ isDescribed: false })];
  return compareSchemas(before, after).map((change) => {
    const isBreaking = change.widens || change.kind === "propertyRemoved";
    return {
      kind: "resultChanged",
      ...placeOf(change),
      breaks: isBreaking ? BREAKS_CALLERS : BREAKS_NOBODY,
      words: sentence(change.path, asOutput(change.words), { whole: "the result", field: "result field" }),
    };
  });
}

function undescribed({ isDescribed }: { isDescribed: boolean }): Change {
  return {
    kind: "resultChanged",
    path: "$",
    how: isDescribed ? "narrowed" : "widened",
    narrows: isDescribed,
    widens: !isDescribed,
    breaks: isDescribed ? BREAKS_NOBODY : BREAKS_CALLERS,
    words: isDescribed ? "result is described now" : "result is no longer described",
  };
}

function placeOf({ path, kind: how, narrows, widens }: SchemaChange): Pick<
  SchemaChange,
  "path" | "narrows" | "widens"
> & {
  readonly how: SchemaChange["kind"];
} {
  return { path, how, narrows, widens };
}

// `$.order.id` is the parameter "order.id".
function sentence(path: string, words: string, names: { readonly whole: string; readonly field: string }): string {
  return path === "$"
    ? `${names.whole} ${words}`
    : `${names.field} ${JSON.stringify(path.replace(/^\$\.?/, ""))} ${words}`;
}

// A schema is said to take values; what it describes here is given.
function asOutput(words: string): string {
  return words
    .replace(/^(no longer )?takes /, "$1gives ")
    .replace(/^took /, "gave ")
    .replace(/^refuses /, "no longer gives ")
    .replace(/^may refuse /, "may no longer give ");
}
