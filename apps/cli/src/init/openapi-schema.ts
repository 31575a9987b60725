import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { isJsonObject, memberOf, type JsonObject } from "./json-object.ts";
import { plainSchema, type Dialect } from "./openapi-dialect.ts";
import { resolveReference, type OpenApiSource } from "./openapi-source.ts";
import { isValueFor, keywordKind, mapKeyword } from "./schema-keywords.ts";
import { createNameGiver, type NameGiver } from "./tool-names.ts";

export type SchemaContext = {
  readonly source: OpenApiSource;
  readonly dialect: Dialect;
  /** What a request leaves out (`readOnly`), or a response does (`writeOnly`). */
  readonly leaveOut: "readOnly" | "writeOnly";
  readonly note: (note: string) => void;
  /** The operation, in words that a person finds it by. */
  readonly origin: string;
};

/** Turns a schema of the document `base` into a JSON Schema. */
export type ConvertSchema = (schema: JsonValue, base: string) => JsonValue;

const MOST_INLINED_NODES = 500;
const MOST_NODES = 20_000;
const MOST_NESTED_REFERENCES = 12;
const MOST_ROUNDS = 20;
/** What may stand beside a reference and only explains it. */
const EXPLAINING = new Set(["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"]);

/**
 * Converts the schemas that `build` asks for into one JSON Schema that stands alone. A referenced schema takes the place
 * of its reference, which is what models read best. One that contains itself goes to `$defs`; so do all of them where
 * the whole would grow beyond measure.
 */
export function convertSchemas(context: SchemaContext, build: (convert: ConvertSchema) => JsonValue): JsonValue {
  const shared = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const bench = createBench(context, (key) => shared.has(key), MOST_INLINED_NODES);
    const schema = run(bench, build);
    if (bench.nodes > bench.most) break;
    if (bench.recursive.size === 0) return finish(bench, schema);
    for (const key of bench.recursive) shared.add(key);
  }
  const bench = createBench(context, () => true, MOST_NODES);
  const schema = run(bench, build);
  if (bench.nodes <= bench.most) return finish(bench, schema);
  throw new CliError({
    code: "input_invalid",
    message: `found a schema of more than ${MOST_NODES} values in ${context.origin}, expected one for a model to read`,
    hint: "leave the operation out with --tools-filter",
  });
}

/** One try at a conversion. */
type Bench = {
  readonly context: SchemaContext;
  readonly isShared: (key: string) => boolean;
  readonly most: number;
  nodes: number;
  readonly giveName: NameGiver;
  /** Names in `$defs` by what they stand for, in the order in which they were met. */
  readonly names: Map<string, string>;
  readonly definitions: Map<string, JsonValue>;
  /** References that were met inside themselves. */
  readonly recursive: Set<string>;
  readonly notes: Set<string>;
};

type Place = { readonly bench: Bench; readonly base: string; readonly inside: readonly string[] };

function createBench(context: SchemaContext, isShared: Bench["isShared"], most: number): Bench {
  const found = { names: new Map(), definitions: new Map(), recursive: new Set<string>(), notes: new Set<string>() };
  return { context, isShared, most, nodes: 0, giveName: createNameGiver(), ...found };
}

function run(bench: Bench, build: (convert: ConvertSchema) => JsonValue): JsonValue {
  const schema = build((below, base) => convert(below, { bench, base, inside: [] }));
  // A definition may name others, which then join the end of the map while it is walked.
  for (const [key, name] of bench.names) {
    if (bench.nodes > bench.most) break;
    const { value, base } = resolveReference(bench.context.source, key, bench.context.source.root);
    bench.definitions.set(name, convert(value, { bench, base, inside: [key] }));
  }
  return schema;
}

function finish({ context, definitions, notes }: Bench, schema: JsonValue): JsonValue {
  for (const text of notes) context.note(text);
  if (definitions.size === 0) return schema;
  const $defs = Object.fromEntries([...definitions].map(([name, value]) => [name, endingIn(definitions, value)]));
  return { ...(isJsonObject(schema) ? schema : {}), $defs };
}

/** The definition, unless it is nothing but a reference that leads back to itself. */
function endingIn(definitions: ReadonlyMap<string, JsonValue>, definition: JsonValue): JsonValue {
  let current: JsonValue | undefined = definition;
  for (let hops = 0; hops <= definitions.size; hops += 1) {
    const ref: JsonValue | undefined = memberOf(current, "$ref");
    if (typeof ref !== "string") return definition;
    current = definitions.get(ref.slice("#/$defs/".length));
  }
  return true;
}

function convert(schema: JsonValue, place: Place): JsonValue {
  const { bench, base } = place;
  bench.nodes += 1;
  if (bench.nodes > bench.most || typeof schema === "boolean") return schema === true;
  if (!isJsonObject(schema)) {
    bench.notes.add("a value that is no schema was read as one that allows everything");
    return true;
  }
  const { $ref, ...rest } = schema;
  if (typeof $ref === "string") return convertReference($ref, rest, place);
  const plain = plainSchema(schema, bench.context.dialect);
  const properties = presentProperties(plain, bench.context, base);
  const present = properties === null ? plain : { ...plain, properties };
  const entries = Object.entries(present).flatMap(([name, value]) => keepKeyword(name, value, place));
  return withoutAbsentNames(Object.fromEntries(entries), plain);
}

function keepKeyword(name: string, value: JsonValue | undefined, place: Place): readonly [string, JsonValue][] {
  const kind = keywordKind(name);
  // Definitions inside a schema are reached by reference, as every other is.
  if (value === undefined || kind === null || name === "$defs" || name === "definitions") return [];
  if (isValueFor(kind, value)) return [[name, mapKeyword(name, value, (below) => convert(below, place))]];
  place.bench.notes.add(`a "${name}" with a value that it cannot have was left out`);
  return [];
}

function presentProperties(schema: JsonObject, context: SchemaContext, base: string): JsonObject | null {
  const properties = memberOf(schema, "properties");
  if (!isJsonObject(properties)) return null;
  const present = Object.entries(properties).filter(([, property]) => {
    const ref = memberOf(property, "$ref");
    const target = typeof ref === "string" ? resolveReference(context.source, ref, base).value : property;
    return memberOf(property, context.leaveOut) !== true && memberOf(target, context.leaveOut) !== true;
  });
  return Object.fromEntries(present);
}

/** `required` names only what is there: a property that was left out cannot be required. */
function withoutAbsentNames(schema: JsonObject, before: JsonObject): JsonObject {
  const { required, ...rest } = schema;
  if (!Array.isArray(required)) return rest;
  const had = memberOf(before, "properties");
  const has = memberOf(schema, "properties");
  const isAbsent = (name: string): boolean => memberOf(had, name) !== undefined && memberOf(has, name) === undefined;
  const names = required.filter((name) => typeof name === "string" && !isAbsent(name));
  return names.length === 0 ? rest : { ...rest, required: names };
}

function convertReference(ref: string, beside: JsonObject, place: Place): JsonValue {
  const { bench, inside } = place;
  const entries = Object.entries(beside).filter(([name]) => !name.startsWith("x-"));
  const comments = Object.fromEntries(entries.filter(([name]) => EXPLAINING.has(name)));
  const target = convertTarget(ref, place);
  // In 3.0 whatever else stands beside a reference has no meaning.
  const more = bench.context.dialect === "3.0" ? [] : entries.filter(([name]) => !EXPLAINING.has(name));
  const constraints = more.length === 0 ? {} : convert(Object.fromEntries(more), { bench, base: place.base, inside });
  const kept = { ...(isJsonObject(constraints) ? constraints : {}), ...comments };
  if (Object.keys(kept).length === 0) return target;
  const isMergeable = isJsonObject(target) && Object.keys(kept).every((name) => EXPLAINING.has(name));
  return isMergeable ? { ...target, ...kept } : { ...kept, allOf: [target, ...listOf(kept["allOf"])] };
}

function convertTarget(ref: string, { bench, base, inside }: Place): JsonValue {
  const target = resolveReference(bench.context.source, ref, base);
  if (bench.isShared(target.key)) return { $ref: `#/$defs/${definitionName(bench, target.key)}` };
  if (!inside.includes(target.key) && inside.length < MOST_NESTED_REFERENCES) {
    return convert(target.value, { bench, base: target.base, inside: [...inside, target.key] });
  }
  // Met inside itself, or too deep down: the next round has it in `$defs`.
  bench.recursive.add(target.key);
  return true;
}

function definitionName(bench: Bench, key: string): string {
  const known = bench.names.get(key);
  if (known !== undefined) return known;
  const name = bench.giveName(key.split(/[/#]/).at(-1) ?? "");
  bench.names.set(key, name);
  return name;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
