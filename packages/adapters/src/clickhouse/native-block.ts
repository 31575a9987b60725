import { createByteWriter, type ByteWriter } from "./byte-writer.ts";

/** A column of a table, by its type in ClickHouse, and what of an item stands in it. */
export type Column<Item> = { readonly name: string } & (
  | { readonly type: "String" | "LowCardinality(String)"; readonly of: (item: Item) => string }
  | {
      readonly type: "Nullable(String)" | "LowCardinality(Nullable(String))";
      readonly of: (item: Item) => string | null;
    }
  | { readonly type: "Float64" | "UInt64"; readonly of: (item: Item) => number }
  | { readonly type: "Nullable(Float64)"; readonly of: (item: Item) => number | null }
  | { readonly type: "Bool"; readonly of: (item: Item) => boolean }
  | { readonly type: "Array(String)"; readonly of: (item: Item) => readonly string[] }
);

/**
 * The items as one block in ClickHouse's format `Native`: column after column, as the database itself holds them, so that there
 * is nothing to parse. A server whose columns are of other types converts them.
 */
export function nativeBlock<Item>(columns: readonly Column<Item>[], items: readonly Item[]): Buffer {
  const writer = createByteWriter();
  writer.varint(columns.length);
  writer.varint(items.length);
  for (const column of columns) {
    writer.text(column.name);
    writer.text(column.type);
    writeColumn(writer, column, items);
  }
  return writer.written();
}

function writeColumn<Item>(writer: ByteWriter, column: Column<Item>, items: readonly Item[]): void {
  switch (column.type) {
    case "String":
      return each(items, (item) => writer.text(column.of(item)));
    case "Nullable(String)":
      each(items, (item) => writer.byte(column.of(item) === null ? 1 : 0));
      return each(items, (item) => writer.text(column.of(item) ?? ""));
    case "Float64":
      return each(items, (item) => writer.float(column.of(item)));
    case "UInt64":
      return each(items, (item) => writer.count(column.of(item)));
    case "Nullable(Float64)":
      each(items, (item) => writer.byte(column.of(item) === null ? 1 : 0));
      return each(items, (item) => writer.float(column.of(item) ?? 0));
    case "Bool":
      return each(items, (item) => writer.byte(column.of(item) ? 1 : 0));
    case "LowCardinality(String)":
      return writeDictionary(writer, "", items.map(column.of));
    case "LowCardinality(Nullable(String))":
      return writeDictionary(writer, null, items.map(column.of));
    case "Array(String)":
      return writeLists(writer, items.map(column.of));
  }
}

function each<Item>(items: readonly Item[], write: (item: Item) => void): void {
  for (const item of items) write(item);
}

function writeLists(writer: ByteWriter, lists: readonly (readonly string[])[]): void {
  let end = 0;
  for (const list of lists) writer.count((end += list.length));
  for (const text of lists.flat()) writer.text(text);
}

// Of SerializationLowCardinality in ClickHouse's sources.
const SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS = 1;
const HAS_ADDITIONAL_KEYS = 2 ** 9;
const NEEDS_UPDATE_OF_DICTIONARY = 2 ** 10;
const INDEX_IS_UINT8 = 0;
const INDEX_IS_UINT32 = 2;

/** Each text once, and by number for each row. The first is the type's default. */
function writeDictionary(writer: ByteWriter, first: "" | null, values: readonly (string | null)[]): void {
  const numbers = new Map<string | null, number>([[first, 0]]);
  const indexes = values.map((value) => (value === first ? 0 : numberOf(numbers, value)));
  writer.count(SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS);
  const isShort = numbers.size <= 256;
  writer.count(HAS_ADDITIONAL_KEYS + NEEDS_UPDATE_OF_DICTIONARY + (isShort ? INDEX_IS_UINT8 : INDEX_IS_UINT32));
  writer.count(numbers.size);
  for (const text of numbers.keys()) writer.text(text ?? "");
  writer.count(indexes.length);
  each(indexes, isShort ? writer.byte : writer.uint32);
}

function numberOf(numbers: Map<string | null, number>, value: string | null): number {
  const known = numbers.get(value);
  if (known !== undefined) return known;
  numbers.set(value, numbers.size);
  return numbers.size - 1;
}
