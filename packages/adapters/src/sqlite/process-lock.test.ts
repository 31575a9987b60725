import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeProcessLock } from "./process-lock.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "perch-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a directory that is taken names its holder to the next, and is free again when given back", () => {
  const file = join(directory, "deep", "lock");
  const giveBack = takeProcessLock(file, 42);
  expect(() => takeProcessLock(file, 43)).toThrow(
    expect.objectContaining({ code: "locked", message: expect.stringContaining("in use by process 42") }),
  );
  giveBack();
  takeProcessLock(file, 43)();
});

test("a process that is gone holds nothing, whatever it left behind", () => {
  const file = join(directory, "lock");
  const module = JSON.stringify(new URL("process-lock.ts", import.meta.url));
  const code = `import(${module}).then(({ takeProcessLock }) => { takeProcessLock(${JSON.stringify(file)}, process.pid); process.kill(process.pid, "SIGKILL"); })`;
  const killed = spawnSync(process.execPath, ["--input-type=module", "--eval", code]);
  expect(killed.signal).toBe("SIGKILL");
  takeProcessLock(file, 1)();
});

test("a place that cannot be written is said to be unusable", () => {
  writeFileSync(join(directory, "file"), "");
  expect(() => takeProcessLock(join(directory, "file", "lock"), 1)).toThrow(
    expect.objectContaining({ code: "database_unusable" }),
  );
});
