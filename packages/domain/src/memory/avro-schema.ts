import { isDeeperThan, isJsonArray, isJsonObject, itemsOf, shortJson, type JsonObject } from "../json-schema/json.ts";
import type { JsonValue } from "../release/canonical-json.ts";
import type { Finding } from "./findings.ts";

export type AvroField = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** Undefined when it has none. */
  readonly default: JsonValue | undefined;
};
type Named = { readonly name: string; readonly aliases: readonly string[] };
export type AvroRecord = Named & { readonly kind: "record"; readonly fields: readonly AvroField[] };
export type AvroEnum = Named & {
  readonly kind: "enum";
  readonly symbols: readonly string[];
  readonly default: string | null;
};
export type AvroFixed = Named & { readonly kind: "fixed"; readonly size: number; readonly logical: string | null };
export type AvroType =
  | { readonly kind: "primitive"; readonly name: Primitive; readonly logical: string | null }
  | AvroRecord
  | AvroEnum
  | AvroFixed
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] }
  | { readonly kind: "reference"; readonly name: string };
export type Primitive = (typeof PRIMITIVES)[number];

export type AvroSchema = {
  readonly type: AvroType;
  /** Every named type by its full name. */
  readonly named: ReadonlyMap<string, AvroRecord | AvroEnum | AvroFixed>;
  readonly problems: readonly Finding[];
};

const PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"] as const;
const NAME = /^[A-Za-z_]\w*$/;
const DEEPEST = 200;
const MOST_BRANCHES = 500;
const UNREADABLE: AvroType = { kind: "primitive", name: "null", logical: null };

type Parsing = {
  readonly named: Map<string, AvroRecord | AvroEnum | AvroFixed>;
  readonly problems: Finding[];
  readonly references: { readonly name: string; readonly path: string }[];
};
type At = { readonly path: string; readonly namespace: string };

/** Reads an Avro schema as the Avro specification 1.12 defines it, names, namespaces and aliases included. */
export function parseAvro(definition: JsonValue): AvroSchema {
  const parsing: Parsing = { named: new Map(), problems: [], references: [] };
  if (isDeeperThan(definition, DEEPEST)) {
    return { type: UNREADABLE, named: parsing.named, problems: [{ path: "$", message: "is nested too deep" }] };
  }
  const type = parseType(definition, { path: "$", namespace: "" }, parsing);
  for (const { name, path } of parsing.references) {
    if (!parsing.named.has(name))
      refuse(parsing, path, `found ${JSON.stringify(name)}, expected a type of Avro or of this schema`);
  }
  return { type, named: parsing.named, problems: parsing.problems };
}

function parseType(value: JsonValue | undefined, at: At, parsing: Parsing): AvroType {
  if (typeof value === "string") return parseName(value, at, parsing);
  if (isJsonArray(value)) return parseUnion(value, at, parsing);
  if (!isJsonObject(value)) return refuse(parsing, at.path, `found ${shortJson(value)}, expected a type`);
  const parse = COMPLEX.get(value["type"]);
  if (parse !== undefined) return parse(value, at, parsing);
  const inner = parseType(value["type"], at, parsing);
  return inner.kind === "primitive" ? { ...inner, logical: logicalOf(value) } : inner;
}

const COMPLEX: ReadonlyMap<JsonValue | undefined, (value: JsonObject, at: At, parsing: Parsing) => AvroType> = new Map([
  ["record", parseRecord],
  ["error", parseRecord],
  ["enum", parseEnum],
  ["fixed", parseFixed],
  ["array", parseArray],
  ["map", parseMap],
]);

function parseArray({ items }: JsonObject, at: At, parsing: Parsing): AvroType {
  return { kind: "array", items: parseType(items, { ...at, path: `${at.path}[*]` }, parsing) };
}

function parseMap({ values }: JsonObject, at: At, parsing: Parsing): AvroType {
  return { kind: "map", values: parseType(values, { ...at, path: `${at.path}.*` }, parsing) };
}

function parseUnion(value: readonly JsonValue[], at: At, parsing: Parsing): AvroType {
  const branches = value.map((branch, index) => parseType(branch, { ...at, path: `${at.path}(${index})` }, parsing));
  if (branches.length === 0) return refuse(parsing, at.path, "found a union of nothing");
  if (branches.length > MOST_BRANCHES) {
    return refuse(parsing, at.path, `found a union of ${branches.length} types, more than ${MOST_BRANCHES}`);
  }
  if (branches.some(({ kind }) => kind === "union"))
    return refuse(parsing, at.path, "found a union right inside of a union");
  return { kind: "union", branches };
}

function parseName(name: string, { path, namespace }: At, parsing: Parsing): AvroType {
  const primitive = PRIMITIVES.find((known) => known === name);
  if (primitive !== undefined) return { kind: "primitive", name: primitive, logical: null };
  // In a namespace a plain name means one of it; outside of any, it is whole.
  const full = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
  parsing.references.push({ name: full, path });
  return { kind: "reference", name: full };
}

function parseRecord(value: JsonObject, at: At, parsing: Parsing): AvroType {
  const identity = identityOf(value, at, parsing);
  const fields: AvroField[] = [];
  const record: AvroRecord = { kind: "record", ...identity, fields };
  define(record, at, parsing);
  if (!isJsonArray(value["fields"]))
    refuse(parsing, at.path, `found a record ${identity.name} without a list of fields`);
  const seen = new Set<string>();
  for (const field of itemsOf(value["fields"])) {
    const name = isJsonObject(field) && typeof field["name"] === "string" ? field["name"] : "";
    const path = `${at.path}.${name}`;
    if (!isJsonObject(field) || !NAME.test(name))
      refuse(parsing, path, `found ${shortJson(field)}, expected a field with a name`);
    else if (seen.has(name)) refuse(parsing, path, "found a second field of this name");
    else fields.push(parseField(field, { name, path, namespace: namespaceOf(identity.name) }, parsing));
    seen.add(name);
  }
  return record;
}

function parseField(field: JsonObject, { name, ...at }: At & { readonly name: string }, parsing: Parsing): AvroField {
  const aliases = itemsOf(field["aliases"]).filter((alias) => typeof alias === "string");
  return { name, aliases, type: parseType(field["type"], at, parsing), default: field["default"] };
}

function parseEnum(value: JsonObject, at: At, parsing: Parsing): AvroType {
  const symbols = itemsOf(value["symbols"]).filter((symbol) => typeof symbol === "string");
  const fallback = typeof value["default"] === "string" ? value["default"] : null;
  if (symbols.length === 0) refuse(parsing, at.path, "found an enum without symbols");
  if (fallback !== null && !symbols.includes(fallback)) {
    refuse(parsing, at.path, `found default ${JSON.stringify(fallback)}, expected one of the symbols`);
  }
  return define({ kind: "enum", ...identityOf(value, at, parsing), symbols, default: fallback }, at, parsing);
}

function parseFixed(value: JsonObject, at: At, parsing: Parsing): AvroType {
  const { size } = value;
  const identity = identityOf(value, at, parsing);
  if (typeof size !== "number") return refuse(parsing, at.path, "found a fixed without a size");
  return define({ kind: "fixed", ...identity, size, logical: logicalOf(value) }, at, parsing);
}

function define(type: AvroRecord | AvroEnum | AvroFixed, { path }: At, parsing: Parsing): AvroType {
  if (parsing.named.has(type.name)) refuse(parsing, path, `found a second definition of ${type.name}`);
  parsing.named.set(type.name, type);
  return type;
}

function identityOf(value: JsonObject, at: At, parsing: Parsing): Named {
  const { name = "" } = value;
  const namespace = typeof value["namespace"] === "string" ? value["namespace"] : at.namespace;
  if (typeof name !== "string" || !name.split(".").every((part) => NAME.test(part))) {
    refuse(parsing, at.path, `found ${shortJson(name)}, expected a name`);
    return { name: "", aliases: [] };
  }
  const full = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
  const home = namespaceOf(full);
  const aliases = itemsOf(value["aliases"]).filter((alias) => typeof alias === "string");
  return {
    name: full,
    aliases: aliases.map((alias) => (alias.includes(".") || home === "" ? alias : `${home}.${alias}`)),
  };
}

function namespaceOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function logicalOf(value: JsonObject): string | null {
  const { logicalType, precision = 0, scale = 0 } = value;
  if (typeof logicalType !== "string") return null;
  return logicalType === "decimal" ? `decimal(${shortJson(precision)},${shortJson(scale)})` : logicalType;
}

function refuse({ problems }: Parsing, path: string, message: string): AvroType {
  problems.push({ path, message });
  return UNREADABLE;
}
