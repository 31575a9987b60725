import type { ClickHouseClient } from "@clickhouse/client";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { nativeBlock, type Column } from "./native-block.ts";
import { createRowWriter, type RowLimits, type RowWriter } from "./row-writer.ts";

/** A block costs the database some 0.3 ms whatever it carries, so fewer rows than this share one. */
const ROWS_WORTH_A_BLOCK = 256;
/** Takes about 5 ms, in which the process does nothing else. */
const ROWS_AT_MOST_A_BLOCK = 2048;

/** Rows as they came, too few or too many for a block, or as a block already. */
type Batch<Item> = { readonly rows: number; readonly items: readonly Item[]; readonly block: Buffer | null };

/**
 * For rows that come by the thousand: in binary, which costs less than half of what text does, here and in the database. Many at
 * once are put into bytes at once, so that they take little memory while they wait.
 */
export function createBlockWriter<Item>(
  client: ClickHouseClient,
  {
    table,
    columns,
    limits,
  }: { readonly table: string; readonly columns: readonly Column<Item>[]; readonly limits: RowLimits },
): RowWriter<readonly Item[]> {
  const query = `INSERT INTO ${table} (${columns.map(({ name }) => name).join(", ")}) FORMAT Native`;
  const writer = createRowWriter<Batch<Item>>({
    ...limits,
    rowsOf: ({ rows }) => rows,
    async insert(batches) {
      const values = Readable.from(await blocksOf(batches, columns), { objectMode: false });
      const { stream } = await client.exec({ query, values });
      await finished(stream.resume());
    },
  });
  return {
    append: (items) => writer.append(batchOf(items, columns)),
    close: writer.close,
  };
}

function batchOf<Item>(items: readonly Item[], columns: readonly Column<Item>[]): Batch<Item> {
  const rows = items.length;
  if (rows < ROWS_WORTH_A_BLOCK || rows > ROWS_AT_MOST_A_BLOCK) return { rows, items, block: null };
  return { rows, items: [], block: nativeBlock(columns, items) };
}

async function blocksOf<Item>(
  batches: readonly Batch<Item>[],
  columns: readonly Column<Item>[],
): Promise<readonly Buffer[]> {
  const blocks = batches.flatMap(({ block }) => block ?? []);
  const others = batches.flatMap(({ items }) => items);
  for (let at = 0; at < others.length; at += ROWS_AT_MOST_A_BLOCK) {
    if (at > 0) await nextTurn();
    blocks.push(nativeBlock(columns, others.slice(at, at + ROWS_AT_MOST_A_BLOCK)));
  }
  return blocks;
}
