/** Keywords that change what people and models read, not what is accepted. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  "title",
  "description",
  "default",
  "examples",
  "example",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$comment",
  "contentEncoding",
  "contentMediaType",
  "contentSchema",
]);

/** Keywords that say where a schema is, or hold schemas that act only where a `$ref` names them. */
export const STRUCTURE: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "id",
  "$anchor",
  "$ref",
  "$defs",
  "definitions",
  "$vocabulary",
]);

/** Keywords that the rules of this folder understand one by one. */
export const UNDERSTOOD: ReadonlySet<string> = new Set([
  "type",
  "nullable",
  "enum",
  "const",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "items",
  "prefixItems",
  "additionalItems",
  "properties",
  "required",
  "additionalProperties",
  "anyOf",
  "oneOf",
  "allOf",
  "patternProperties",
]);
