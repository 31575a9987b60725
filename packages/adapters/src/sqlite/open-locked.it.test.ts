import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openGatewayDatabase } from "./open-gateway-database.ts";

/** Holds the file for half a second, as a process does that makes it a WAL database. */
const HOLDER = `
const { DatabaseSync } = await import("node:sqlite");
const database = new DatabaseSync(process.argv[1]);
database.exec("BEGIN EXCLUSIVE; CREATE TABLE other (id INTEGER)");
console.log("held");
setTimeout(() => database.exec("COMMIT"), 500);
`;

test("a new file that another process has just now is waited for", async () => {
  const directory = mkdtempSync(join(tmpdir(), "perch-locked-"));
  const file = join(directory, "pins.sqlite");
  const holder = spawn(process.execPath, ["--input-type=module", "-e", HOLDER, file]);
  try {
    await once(holder.stdout, "data");
    const database = openGatewayDatabase(file);
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    database.close();
  } finally {
    holder.kill();
    rmSync(directory, { recursive: true });
  }
});
