import type { JsonValue } from "../release/canonical-json.ts";
import { fitsAvro } from "./avro-default.ts";
import {
  parseAvro,
  type AvroEnum,
  type AvroRecord,
  type AvroSchema,
  type AvroType,
  type Primitive,
} from "./avro-schema.ts";
import { createFindings, type Compatibility, type Findings } from "./findings.ts";

/** What a reader's primitive also takes, by "Schema Resolution" of the Avro specification. */
const PROMOTIONS: Readonly<Partial<Record<Primitive, readonly Primitive[]>>> = {
  long: ["int"],
  float: ["int", "long"],
  double: ["int", "long", "float"],
  string: ["bytes"],
  bytes: ["string"],
};

const MOST_SHOWN = 8;

type Pair = { readonly reader: AvroType; readonly writer: AvroType; readonly path: string };
type Records = { readonly reader: AvroRecord; readonly writer: AvroRecord; readonly path: string };
type Resolution = {
  readonly readers: AvroSchema;
  readonly writers: AvroSchema;
  readonly findings: Findings;
  /** Records still to be resolved. Each pair once, so that schemas may refer to themselves. */
  readonly todo: Records[];
  readonly seen: Set<string>;
};

/** By the schema resolution of the Avro specification 1.12: everything that the writer may write has to resolve. */
export function checkAvro(reader: JsonValue, writer: JsonValue): Compatibility {
  const [readers, writers] = [parseAvro(reader), parseAvro(writer)];
  const findings = createFindings();
  for (const { path, message } of readers.problems)
    findings.problem(path, `the reader's schema is no Avro: ${message}`);
  for (const { path, message } of writers.problems)
    findings.problem(path, `the writer's schema is no Avro: ${message}`);
  if (readers.problems.length + writers.problems.length > 0) return findings.compatibility();
  const resolution: Resolution = { readers, writers, findings, todo: [], seen: new Set() };
  resolve({ reader: readers.type, writer: writers.type, path: "$" }, resolution);
  for (let records = resolution.todo.shift(); records !== undefined; records = resolution.todo.shift()) {
    resolveFields(records, resolution);
  }
  return findings.compatibility();
}

function resolve(pair: Pair, resolution: Resolution): void {
  const { path } = pair;
  const writer = lookUp(pair.writer, resolution.writers);
  const reader = lookUp(pair.reader, resolution.readers);
  if (writer.kind === "union") {
    const isOne = writer.branches.length === 1;
    for (const branch of writer.branches) {
      const label = labelOf(lookUp(branch, resolution.writers));
      resolve({ reader, writer: branch, path: isOne ? path : `${path}(${label})` }, resolution);
    }
    return;
  }
  if (reader.kind !== "union") return resolveMatching({ reader, writer, path }, resolution);
  const match = reader.branches
    .map((branch) => lookUp(branch, resolution.readers))
    .find((branch) => matches(branch, writer));
  if (match !== undefined) return resolveMatching({ reader: match, writer, path }, resolution);
  const branches = reader.branches
    .slice(0, MOST_SHOWN)
    .map((branch) => labelOf(lookUp(branch, resolution.readers)))
    .join(", ");
  resolution.findings.problem(path, `the writer may write ${labelOf(writer)}, the reader expects one of ${branches}`);
}

function lookUp(type: AvroType, { named }: AvroSchema): AvroType {
  return type.kind === "reference" ? (named.get(type.name) ?? type) : type;
}

// As the specification defines it: by kind and name, not by what lies inside.
function matches(reader: AvroType, writer: AvroType): boolean {
  if (reader.kind === "primitive" && writer.kind === "primitive") {
    return reader.name === writer.name || (PROMOTIONS[reader.name]?.includes(writer.name) ?? false);
  }
  if (reader.kind !== writer.kind) return false;
  if (!("aliases" in reader) || !("aliases" in writer)) return true;
  const isSameSize = !("size" in reader) || !("size" in writer) || reader.size === writer.size;
  return isSameSize && isSameName(reader, writer);
}

type Named = { readonly name: string; readonly aliases: readonly string[] };

// The specification compares unqualified names; the reader's aliases are full names of the writer's.
function isSameName(reader: Named, writer: Named): boolean {
  return unqualified(reader.name) === unqualified(writer.name) || reader.aliases.includes(writer.name);
}

function unqualified(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function resolveMatching({ reader, writer, path }: Pair, resolution: Resolution): void {
  const { findings } = resolution;
  if (!matches(reader, writer)) {
    return findings.problem(path, `the reader expects ${labelOf(reader)}, the writer writes ${labelOf(writer)}`);
  }
  compareLogical({ reader, writer, path }, findings);
  if (reader.kind === "array" && writer.kind === "array") {
    resolve({ reader: reader.items, writer: writer.items, path: `${path}[*]` }, resolution);
  } else if (reader.kind === "map" && writer.kind === "map") {
    resolve({ reader: reader.values, writer: writer.values, path: `${path}.*` }, resolution);
  } else if (reader.kind === "enum" && writer.kind === "enum") {
    compareSymbols(reader, writer, { path, findings });
  } else if (reader.kind === "record" && writer.kind === "record") {
    const key = `${reader.name} ${writer.name}`;
    if (!resolution.seen.has(key)) resolution.todo.push({ reader, writer, path });
    resolution.seen.add(key);
  }
}

function compareSymbols(
  reader: AvroEnum,
  writer: AvroEnum,
  { path, findings }: { path: string; findings: Findings },
): void {
  if (reader.default !== null) return;
  const known = new Set(reader.symbols);
  const unknown = writer.symbols.filter((symbol) => !known.has(symbol));
  if (unknown.length === 0) return;
  findings.problem(path, `the reader does not know ${unknown.slice(0, 5).join(", ")} and has no default symbol`);
}

// The bytes are the same, what they mean is not: milliseconds read as microseconds.
function compareLogical({ reader, writer, path }: Pair, findings: Findings): void {
  if (!("logical" in reader) || !("logical" in writer) || reader.logical === writer.logical) return;
  const words = `the reader expects ${reader.logical ?? "plain values"}, the writer writes ${writer.logical ?? "plain values"}`;
  if (reader.logical === null || writer.logical === null) findings.note(path, words);
  else findings.problem(path, words);
}

function resolveFields({ reader, writer, path }: Records, resolution: Resolution): void {
  const writers = new Map(writer.fields.map((field) => [field.name, field]));
  for (const field of reader.fields) {
    const at = `${path}.${field.name}`;
    const written = [field.name, ...field.aliases]
      .map((name) => writers.get(name))
      .find((found) => found !== undefined);
    if (written !== undefined) resolve({ reader: field.type, writer: written.type, path: at }, resolution);
    else if (field.default === undefined) {
      resolution.findings.problem(at, "the reader has no default for this field, and the writer does not have it");
    } else if (!fitsAvro(field.default, field.type, resolution.readers)) {
      resolution.findings.problem(
        at,
        "the reader's default for this field, which the writer does not have, is not of its type",
      );
    }
  }
}

function labelOf(type: AvroType): string {
  switch (type.kind) {
    case "primitive":
    case "reference":
      return type.name;
    case "record":
    case "enum":
      return `${type.kind} ${type.name}`;
    case "fixed":
      return `fixed ${type.name} of ${type.size} bytes`;
    case "array":
    case "map":
    case "union":
      return type.kind;
  }
}
