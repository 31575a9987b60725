import { TelemetryError } from "@perch/domain";
import { expect, test } from "vitest";
import { createRowWriter } from "./row-writer.ts";

/** A database whose inserts finish when told to. */
function aSlowDatabase() {
  const inserts: { rows: readonly string[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const insert = (batches: readonly (readonly string[])[]) =>
    new Promise<void>((resolve, reject) => inserts.push({ rows: batches.flat(), finish: resolve, fail: reject }));
  return { inserts, insert };
}

function rowsOf(batch: readonly string[]): number {
  return batch.length;
}

function aWriter(
  insert: (batches: readonly (readonly string[])[]) => Promise<unknown>,
  limits = { maxRowsPerInsert: 10, maxWaitingRows: 100 },
) {
  return createRowWriter<readonly string[]>({ insert, rowsOf, restMs: () => 0, rowsWorthAnInsert: 100, ...limits });
}

async function eventually(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise(setImmediate);
}

test("writes at once when idle, and what comes meanwhile together in the next insert", async () => {
  const database = aSlowDatabase();
  const writer = aWriter(database.insert);
  const all = [writer.append(["a"]), writer.append(["b"]), writer.append(["c"])];
  expect(database.inserts.map((one) => one.rows)).toEqual([["a"]]);
  database.inserts[0]?.finish();
  await eventually(() => database.inserts.length === 2);
  expect(database.inserts[1]?.rows).toEqual(["b", "c"]);
  database.inserts[1]?.finish();
  await Promise.all(all);
});

test("an append resolves only when its own rows are written", async () => {
  const database = aSlowDatabase();
  const writer = aWriter(database.insert);
  const settled: string[] = [];
  const first = writer.append(["a"]).then(() => settled.push("first"));
  const second = writer.append(["b"]).then(() => settled.push("second"));
  database.inserts[0]?.finish();
  await first;
  expect(settled).toEqual(["first"]);
  await eventually(() => database.inserts.length === 2);
  database.inserts[1]?.finish();
  await second;
});

test("a failed insert fails its own appends and no others", async () => {
  const database = aSlowDatabase();
  const writer = aWriter(database.insert);
  const first = writer.append(["a"]);
  const second = writer.append(["b"]);
  database.inserts[0]?.fail(new Error("disk full"));
  await expect(first).rejects.toMatchObject({ code: "store_failed", message: expect.stringContaining("disk full") });
  await eventually(() => database.inserts.length === 2);
  database.inserts[1]?.finish();
  await expect(second).resolves.toBeUndefined();
});

test("never splits an append, and never joins more rows than an insert may hold", async () => {
  const database = aSlowDatabase();
  const writer = aWriter(database.insert, { maxRowsPerInsert: 3, maxWaitingRows: 100 });
  const all = [["a"], ["b", "c"], ["d", "e"], ["f", "g", "h", "i"], ["j"]].map((rows) => writer.append(rows));
  for (let index = 0; index < 4; index += 1) {
    await eventually(() => database.inserts.length === index + 1);
    database.inserts[index]?.finish();
  }
  await eventually(() => database.inserts.length === 5);
  database.inserts[4]?.finish();
  await Promise.all(all);
  expect(database.inserts.map((one) => one.rows.join(""))).toEqual(["a", "bc", "de", "fghi", "j"]);
});

test("refuses what does not fit into memory, and takes it again when there is room", async () => {
  const database = aSlowDatabase();
  const writer = aWriter(database.insert, { maxRowsPerInsert: 10, maxWaitingRows: 2 });
  const first = writer.append(["a"]);
  const second = writer.append(["b", "c"]);
  await expect(writer.append(["d"])).rejects.toMatchObject({ code: "store_busy" });
  database.inserts[0]?.finish();
  await first;
  await eventually(() => database.inserts.length === 2);
  const third = writer.append(["d"]);
  database.inserts[1]?.finish();
  await second;
  await eventually(() => database.inserts.length === 3);
  database.inserts[2]?.finish();
  await third;
});

test("rests no longer than until enough is waiting", async () => {
  const written: string[][] = [];
  const writer = createRowWriter<readonly string[]>({
    insert: async (batches) => written.push(batches.flat()),
    rowsOf,
    restMs: () => 3_600_000,
    rowsWorthAnInsert: 3,
    maxRowsPerInsert: 10,
    maxWaitingRows: 10,
  });
  await writer.append(["a"]);
  await Promise.all([writer.append(["b"]), writer.append(["c", "d"])]);
  expect(written).toEqual([["a"], ["b", "c", "d"]]);
  await writer.close();
});

test("closing writes what is waiting and refuses what comes after", async () => {
  const written: string[] = [];
  const writer = createRowWriter<readonly string[]>({
    insert: async (batches) => written.push(...batches.flat()),
    rowsOf,
    restMs: () => 3_600_000,
    rowsWorthAnInsert: 10,
    maxRowsPerInsert: 10,
    maxWaitingRows: 10,
  });
  const waiting = [writer.append(["a"]), writer.append(["b"])];
  await writer.close();
  await Promise.all(waiting);
  expect(written).toEqual(["a", "b"]);
  await expect(writer.append(["c"])).rejects.toBeInstanceOf(TelemetryError);
});
