import type { JsonValue } from "../release/canonical-json.ts";
import type { Comparison, ViewPair } from "./comparison.ts";
import { isJsonObject, itemsOf, memberOf, type JsonObject } from "./json.ts";
import { memberPath, narrowed, undecided, widened } from "./schema-change.ts";

type Shape = {
  readonly properties: JsonObject;
  readonly required: ReadonlySet<string>;
  readonly patterns: JsonObject;
  /** The schema of fields without a name in it. */
  readonly rest: JsonValue;
};
type Shapes = { readonly before: Shape; readonly after: Shape };

/**
 * Compares properties, which of them are required, and what becomes of fields without a name. An object that lets any
 * field through is taken to be sent with the fields that it names: to name one more does not refuse anything.
 */
export function compareObjects({ before, after }: ViewPair, comparison: Comparison): void {
  const shapes = { before: shapeOf(before), after: shapeOf(after) };
  const names = new Set([...Object.keys(shapes.before.properties), ...Object.keys(shapes.after.properties)]);
  for (const required of [shapes.before.required, shapes.after.required]) for (const name of required) names.add(name);
  for (const name of names) compareProperty(name, shapes, comparison);
  compareRest(shapes, comparison);
  comparePatterns(shapes, comparison);
}

function shapeOf({ properties, required, patternProperties, additionalProperties = true }: JsonObject): Shape {
  return {
    properties: isJsonObject(properties) ? properties : {},
    required: new Set(itemsOf(required).filter((name) => typeof name === "string")),
    patterns: isJsonObject(patternProperties) ? patternProperties : {},
    rest: additionalProperties,
  };
}

function compareProperty(name: string, shapes: Shapes, comparison: Comparison): void {
  const path = memberPath(comparison.path, name);
  const [was, is] = [memberOf(shapes.before.properties, name), memberOf(shapes.after.properties, name)];
  const [wasRequired, isRequired] = [shapes.before.required.has(name), shapes.after.required.has(name)];
  if (was === undefined && is !== undefined)
    return addedProperty({ path, schema: is, wasRequired, isRequired }, shapes, comparison);
  if (was !== undefined && is === undefined)
    return removedProperty({ path, schema: was, wasRequired, isRequired }, shapes, comparison);
  if (was !== undefined && is !== undefined) comparison.compare({ before: was, after: is }, path);
  if (isRequired && !wasRequired) {
    const hasDefault = is !== undefined && defaults(is, comparison);
    comparison.report({
      kind: "becameRequired",
      path,
      hasDefault,
      words: "became required",
      narrows: true,
      widens: false,
    });
  }
  if (wasRequired && !isRequired) {
    comparison.report({ kind: "becameOptional", path, words: "became optional", narrows: false, widens: true });
  }
}

type OneSided = {
  readonly path: string;
  readonly schema: JsonValue;
  readonly wasRequired: boolean;
  readonly isRequired: boolean;
};

function addedProperty(
  { path, schema, wasRequired, isRequired }: OneSided,
  { before }: Shapes,
  comparison: Comparison,
): void {
  comparison.report({
    kind: "propertyAdded",
    path,
    isRequired,
    hasDefault: defaults(schema, comparison),
    words: `added, ${isRequired ? "required" : "optional"}`,
    narrows: isRequired && !wasRequired,
    widens: before.rest === false || (wasRequired && !isRequired),
  });
  reportPatterns(path, before, comparison);
  if (isConstraint(before.rest)) comparison.compare({ before: before.rest, after: schema }, path);
}

function removedProperty(
  { path, schema, wasRequired, isRequired }: OneSided,
  { after }: Shapes,
  comparison: Comparison,
): void {
  comparison.report({
    kind: "propertyRemoved",
    path,
    wasRequired,
    words: `removed, was ${wasRequired ? "required" : "optional"}`,
    narrows: after.rest === false || (isRequired && !wasRequired),
    widens: wasRequired && !isRequired,
  });
  reportPatterns(path, after, comparison);
  if (isConstraint(after.rest)) comparison.compare({ before: schema, after: after.rest }, path);
}

// Which patterns match a name is not tried: a hostile one could take for ever.
function reportPatterns(path: string, { patterns }: Shape, { report }: Comparison): void {
  if (Object.keys(patterns).length === 0) return;
  report(undecided({ path, keyword: "patternProperties" }, "may be one of the fields that a pattern describes"));
}

function isConstraint(rest: JsonValue): boolean {
  return isJsonObject(rest) && Object.keys(rest).length > 0;
}

function defaults(schema: JsonValue, { viewOf }: Comparison): boolean {
  const view = viewOf(schema, "after");
  return view !== null && view["default"] !== undefined;
}

function compareRest({ before, after }: Shapes, { path, report, compare }: Comparison): void {
  const place = { path, keyword: "additionalProperties" };
  const [was, is] = [before.rest, after.rest];
  if (was === false && is !== false) report(widened(place, "takes fields that it does not name"));
  else if (was !== false && is === false) report(narrowed(place, "refuses fields that it does not name"));
  else if (was !== false) compare({ before: was, after: is }, `${path}.*`);
}

function comparePatterns({ before, after }: Shapes, { path, report, compare }: Comparison): void {
  const place = { path, keyword: "patternProperties" };
  for (const pattern of new Set([...Object.keys(before.patterns), ...Object.keys(after.patterns)])) {
    const [was, is] = [memberOf(before.patterns, pattern), memberOf(after.patterns, pattern)];
    const fields = `fields like ${JSON.stringify(pattern)}`;
    if (was !== undefined && is !== undefined)
      compare({ before: was, after: is }, `${path}[${JSON.stringify(pattern)}]`);
    // To a closed object a pattern lets fields in; to an open one it says what they have to be.
    else if (was === undefined) {
      report(before.rest === false ? widened(place, `takes ${fields}`) : narrowed(place, `has a rule for ${fields}`));
    } else {
      report(
        after.rest === false
          ? narrowed(place, `no longer takes ${fields}`)
          : widened(place, `has no rule for ${fields}`),
      );
    }
  }
}
