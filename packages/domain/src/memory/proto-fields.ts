import type { ProtoCheck } from "./proto-check.ts";
import { compareScalars, isPackable } from "./proto-scalars.ts";
import type { ProtoField, ProtoType } from "./proto-schema.ts";

export type ProtoFields = { readonly reader: ProtoField; readonly writer: ProtoField; readonly path: string };
type Types = { readonly reader: ProtoType; readonly writer: ProtoType; readonly path: string };

/** Compares two fields with the same number. */
export function compareFields({ reader, writer, path }: ProtoFields, check: ProtoCheck): void {
  const { findings } = check;
  if (reader.name !== writer.name) {
    findings.note(path, `the reader calls field ${reader.number} ${reader.name}: its JSON form is another`);
  }
  if (reader.presence === "required" && writer.presence !== "required") {
    findings.problem(path, "the reader requires this field, and the writer may leave it out");
  }
  compareRepetition({ reader, writer, path }, check);
  comparePresence({ reader, writer, path }, check);
  compareTypes({ reader: reader.type, writer: writer.type, path }, check);
}

function compareRepetition({ reader, writer, path }: ProtoFields, { findings }: ProtoCheck): void {
  if (reader.isRepeated || !writer.isRepeated || writer.type.kind === "map") return;
  const loss = isPackable(writer.type)
    ? "the reader expects one value, the writer writes a list, packed so that the reader cannot read it"
    : "the reader keeps only the last value of the writer's list";
  findings.problem(path, loss);
}

function comparePresence({ reader, writer, path }: ProtoFields, { findings }: ProtoCheck): void {
  if (reader.default !== writer.default) {
    findings.note(
      path,
      `where nothing was written the reader sees ${reader.default ?? "its type's zero"}, the writer ${writer.default ?? "its type's zero"}`,
    );
  }
  if (reader.isRepeated || writer.isRepeated || reader.presence === writer.presence) return;
  if (writer.presence === "implicit") findings.note(path, "the reader sees nothing where the writer had a zero");
  if (reader.presence === "implicit") findings.note(path, "the reader sees a zero where the writer had nothing");
}

function compareTypes({ reader, writer, path }: Types, check: ProtoCheck): void {
  if (reader.kind === "message" && writer.kind === "message" && reader.isDelimited === writer.isDelimited) {
    return check.compareMessages({ reader: reader.name, writer: writer.name, path });
  }
  if (reader.kind === "enum" && writer.kind === "enum") {
    return check.compareEnums({ reader: reader.name, writer: writer.name, path });
  }
  if (reader.kind === "map" && writer.kind === "map") return compareMaps({ reader, writer, path }, check);
  if (isPlain(reader) && isPlain(writer)) return comparePlain({ reader, writer, path }, check);
  if (!isSameImport(reader, writer) && !isKeptAsBytes(reader, writer)) mismatch({ reader, writer, path }, check);
}

type ProtoMap = Extract<ProtoType, { kind: "map" }>;

function compareMaps(
  { reader, writer, path }: { reader: ProtoMap; writer: ProtoMap; path: string },
  check: ProtoCheck,
): void {
  const scalar = (name: string): Plain => ({ kind: "scalar", name });
  comparePlain({ reader: scalar(reader.key), writer: scalar(writer.key), path: `${path}[key]` }, check);
  compareTypes({ reader: reader.value, writer: writer.value, path: `${path}[*]` }, check);
}

function isSameImport(reader: ProtoType, writer: ProtoType): boolean {
  return reader.kind === "imported" && writer.kind === "imported" && reader.name === writer.name;
}

// The bytes of a message are its fields without the length in front.
function isKeptAsBytes(reader: ProtoType, writer: ProtoType): boolean {
  return reader.kind === "scalar" && reader.name === "bytes" && writer.kind === "message" && !writer.isDelimited;
}

type Plain = Extract<ProtoType, { kind: "scalar" | "enum" }>;

function isPlain(type: ProtoType): type is Plain {
  return type.kind === "scalar" || type.kind === "enum";
}

function comparePlain(
  { reader, writer, path }: { reader: Plain; writer: Plain; path: string },
  check: ProtoCheck,
): void {
  const [to, from] = [reader, writer].map((type) => (type.kind === "enum" ? "enum" : type.name));
  const relation = compareScalars(to ?? "", from ?? "");
  if (relation.kind === "safe") return;
  if (relation.kind === "unreadable") return mismatch({ reader, writer, path }, check);
  check.findings.problem(
    path,
    `the reader expects ${typeName(reader)}, the writer writes ${typeName(writer)}: ${relation.loss}`,
  );
}

function mismatch({ reader, writer, path }: Types, { findings }: ProtoCheck): void {
  findings.problem(
    path,
    `the reader expects ${typeName(reader)}, the writer writes ${typeName(writer)}: the bytes are others`,
  );
}

function typeName(type: ProtoType): string {
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "message":
      return `${type.isDelimited ? "group" : "message"} ${type.name}`;
    case "enum":
    case "imported":
      return `${type.kind} ${type.name}`;
    case "map":
      return `map<${type.key}, ${typeName(type.value)}>`;
  }
}
