import { createFindings, type Compatibility, type Findings } from "./findings.ts";
import type { ProtoCheck } from "./proto-check.ts";
import { compareEnums } from "./proto-enums.ts";
import { compareFields } from "./proto-fields.ts";
import { reservedNumbers } from "./proto-reserved.ts";
import type { ProtoField, ProtoMessage, ProtoSchema } from "./proto-schema.ts";

type Messages = { readonly reader: ProtoMessage; readonly writer: ProtoMessage; readonly path: string };

/**
 * By field numbers, wire types and presence, as "Updating A Message Type" of the Protocol Buffers language guide has it.
 * What keeps its bytes and may lose its value, such as a long read as an int, is a problem too.
 */
export function checkProtobuf(reader: ProtoSchema, writer: ProtoSchema): Compatibility {
  const findings = createFindings();
  const todo: Messages[] = [];
  const check = createCheck({ reader, writer, findings, todo });
  for (const message of writer.messages.filter(({ isTopLevel }) => isTopLevel)) {
    const path = unqualified(message.name);
    const match = sameMessage(message, reader);
    if (match === null) findings.problem(path, "the reader does not have this message");
    else {
      if (match.name !== message.name)
        findings.note(path, `the reader calls this message ${match.name}, the writer ${message.name}`);
      check.compareMessages({ reader: match.name, writer: message.name, path });
    }
  }
  for (let pair = todo.shift(); pair !== undefined; pair = todo.shift()) compareMessages(pair, check);
  return findings.compatibility();
}

function createCheck({
  reader,
  writer,
  findings,
  todo,
}: {
  readonly reader: ProtoSchema;
  readonly writer: ProtoSchema;
  readonly findings: Findings;
  readonly todo: Messages[];
}): ProtoCheck {
  const [messagesOfReader, messagesOfWriter] = [byName(reader.messages), byName(writer.messages)];
  const [enumsOfReader, enumsOfWriter] = [byName(reader.enums), byName(writer.enums)];
  const seen = new Set<string>();
  const isNew = (pair: string): boolean => !seen.has(pair) && seen.add(pair).has(pair);
  return {
    findings,
    compareMessages({ path, ...names }) {
      const [one, other] = [messagesOfReader.get(names.reader), messagesOfWriter.get(names.writer)];
      if (one === undefined || other === undefined || !isNew(`${names.reader} ${names.writer}`)) return;
      todo.push({ reader: one, writer: other, path });
    },
    compareEnums({ path, ...names }) {
      const [one, other] = [enumsOfReader.get(names.reader), enumsOfWriter.get(names.writer)];
      if (one === undefined || other === undefined || !isNew(`${names.reader} ${names.writer}`)) return;
      compareEnums({ reader: one, writer: other, path }, findings);
    },
  };
}

function byName<T extends { readonly name: string }>(parts: readonly T[]): ReadonlyMap<string, T> {
  return new Map(parts.map((part) => [part.name, part]));
}

// A package may be renamed: the bytes do not hold it.
function sameMessage({ name }: ProtoMessage, { messages }: ProtoSchema): ProtoMessage | null {
  const topLevel = messages.filter(({ isTopLevel }) => isTopLevel);
  const same = topLevel.find((message) => message.name === name);
  return same ?? topLevel.find((message) => unqualified(message.name) === unqualified(name)) ?? null;
}

function unqualified(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function compareMessages({ reader, writer, path }: Messages, check: ProtoCheck): void {
  const readers = new Map(reader.fields.map((field) => [field.number, field]));
  const reportUnknown = createUnknown(reader, check.findings);
  for (const field of writer.fields) {
    const match = readers.get(field.number);
    const at = `${path}.${field.name}`;
    if (match === undefined) reportUnknown(field, at);
    else compareFields({ reader: match, writer: field, path: at }, check);
  }
  compareMissing({ reader, writer, path }, check.findings);
  compareOneofs({ reader, writer, path }, check.findings);
}

function createUnknown(reader: ProtoMessage, { problem, note }: Findings): (field: ProtoField, path: string) => void {
  const isReserved = reservedNumbers(reader.reserved);
  const numbers = new Map(reader.fields.map(({ name, number }) => [name, number]));
  return ({ name, number }, path) => {
    const moved = numbers.get(name);
    if (moved !== undefined) {
      problem(path, `the reader expects this field under number ${moved}, the writer writes it under ${number}`);
    } else if (!isReserved(number)) {
      note(
        path,
        `the reader neither has field ${number} nor reserves its number: a later field could misread old records`,
      );
    }
  };
}

function compareMissing({ reader, writer, path }: Messages, { problem, note }: Findings): void {
  const written = new Set(writer.fields.map(({ number }) => number));
  const isReserved = reservedNumbers(writer.reserved);
  const names = new Set(writer.reserved.names);
  for (const { name, number, presence } of reader.fields.filter((field) => !written.has(field.number))) {
    const at = `${path}.${name}`;
    if (presence === "required") problem(at, "the reader requires this field, and the writer does not have it");
    if (isReserved(number)) {
      problem(
        at,
        `the reader uses number ${number}, which the writer reserved: older records hold something else there`,
      );
    }
    if (names.has(name)) note(at, "the reader uses a name that the writer reserved");
  }
}

// Of a oneof a reader keeps the last field only; fields that the writer may set together would get lost.
function compareOneofs({ reader, writer, path }: Messages, { problem }: Findings): void {
  const written = new Map(writer.fields.map((field) => [field.number, field]));
  const members = Map.groupBy(reader.fields, ({ oneof }) => oneof);
  for (const [oneof, fields] of members) {
    const known = fields.flatMap(({ number }) => written.get(number) ?? []);
    const homes = new Set(known.map((field) => field.oneof));
    if (oneof === null || known.length < 2 || (homes.size === 1 && !homes.has(null))) continue;
    const names = known.map(({ name }) => name).join(", ");
    problem(`${path}.${oneof}`, `the reader keeps only one of ${names}, which the writer may set together`);
  }
}
