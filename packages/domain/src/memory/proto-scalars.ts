import type { ProtoType } from "./proto-schema.ts";

export type ScalarRelation =
  | { readonly kind: "safe" }
  /** The bytes can be read, and some values come out as others. */
  | { readonly kind: "lossy"; readonly loss: string }
  | { readonly kind: "unreadable" };

/** Types of one family are written in the same way, by "Updating A Message Type" of the language guide. */
const FAMILIES: readonly (readonly string[])[] = [
  ["int32", "uint32", "int64", "uint64", "bool", "enum"],
  ["sint32", "sint64"],
  ["fixed32", "sfixed32"],
  ["fixed64", "sfixed64"],
  ["string", "bytes"],
];

/** What a reader's type takes from the same family without loss. */
const SAFE: Readonly<Record<string, readonly string[]>> = {
  int32: ["bool", "enum"],
  uint32: ["bool"],
  int64: ["int32", "uint32", "bool", "enum"],
  uint64: ["uint32", "bool"],
  sint64: ["sint32"],
  bytes: ["string"],
};

const LOSSES: Readonly<Record<string, string>> = {
  bool: "every number but 0 reads as true",
  enum: "numbers that are no value of the enum may be dropped",
  string: "bytes that are not UTF-8 cannot be read",
};

/** Whether the reader's scalar type, or `enum`, can take what the writer's type wrote. */
export function compareScalars(reader: string, writer: string): ScalarRelation {
  if (reader === writer || SAFE[reader]?.includes(writer) === true) return { kind: "safe" };
  const isFamily = FAMILIES.some((family) => family.includes(reader) && family.includes(writer));
  if (!isFamily) return { kind: "unreadable" };
  return { kind: "lossy", loss: LOSSES[reader] ?? "large or negative values read as others" };
}

/** Lists of these may be written packed: one length, then the values. */
export function isPackable(type: ProtoType): boolean {
  return type.kind === "enum" || (type.kind === "scalar" && type.name !== "string" && type.name !== "bytes");
}
