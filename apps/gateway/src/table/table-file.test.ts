import { mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTableFile } from "./table-file.ts";

const at = (sequence: number, epoch = 1): { epoch: number; sequence: number } => ({ epoch, sequence });

test("the newest table is read, by its revision and not by its name, and the older ones are gone", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "perch-table-"));
  const file = createTableFile(directory.path);
  expect(file.read()).toBe(null);
  file.write(at(9), "nine");
  file.write(at(10), "ten");
  expect([file.read(), readdirSync(directory.path)]).toEqual(["ten", ["table-1.10.json"]]);
});

test("a gateway of the same directory that is behind takes nothing back", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "perch-table-"));
  createTableFile(directory.path).write(at(0, 2), "ahead");
  createTableFile(directory.path).write(at(5), "behind");
  expect(createTableFile(directory.path).read()).toBe("ahead");
});

test("what a loss of power left of a table is replaced by the same table", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "perch-table-"));
  const file = createTableFile(directory.path);
  writeFileSync(join(directory.path, "table-1.5.json"), "");
  file.write(at(5), "whole");
  expect(file.read()).toBe("whole");
});

test("a table that cannot be written is told, and leaves nothing behind", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "perch-table-"));
  const file = createTableFile(join(directory.path, "not-there"));
  expect(() => file.write(at(1), "x")).toThrow("ENOENT");
});
