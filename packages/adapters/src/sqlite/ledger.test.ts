import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { verifyChain } from "@perch/domain";
import { describeLedger, describeServerState } from "@perch/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSqliteLedger } from "./ledger.ts";
import { openServerDatabase } from "./open-server-database.ts";
import { createSqliteServerState } from "./server-state.ts";

describe("a ledger in SQLite", () =>
  describeLedger(() => {
    const database = openServerDatabase(":memory:");
    return { ledger: createSqliteLedger(database), state: createSqliteServerState(database) };
  }));
describe("server state in SQLite", () =>
  describeServerState(() => createSqliteServerState(openServerDatabase(":memory:"))));

describe("a ledger file", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "perch-ledger-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const entry = { subject: "a", type: "happened", at: 1, body: { weight: 0.04, text: "ä\n" } };

  test("goes on where it was when it is opened again, and the epoch grows", async () => {
    const file = join(directory, "server.sqlite");
    const first = openServerDatabase(file);
    const { sequence } = await createSqliteLedger(first).append(entry, 0, 0);
    expect(await createSqliteServerState(first).nextEpoch()).toBe(1);
    first.close();

    const second = openServerDatabase(file);
    const ledger = createSqliteLedger(second);
    await ledger.append(entry, sequence, 1);
    const entries = await ledger.readAll(0);
    expect(await createSqliteServerState(second).nextEpoch()).toBe(2);
    await ledger.close();
    verifyChain(entries);
    expect(entries.map((held) => held.body)).toEqual([entry.body, entry.body]);
  });

  test("refuses to change or delete an entry, and shows when somebody did so behind its back", async () => {
    const database = openServerDatabase(join(directory, "server.sqlite"));
    const ledger = createSqliteLedger(database);
    const first = await ledger.append(entry, 0, 0);
    await ledger.append(entry, first.sequence, 0);
    expect(() => database.exec("UPDATE ledger SET body = '{}'")).toThrow(/append-only/);
    expect(() => database.exec("DELETE FROM ledger")).toThrow(/append-only/);
    const behind = new DatabaseSync(join(directory, "server.sqlite"));
    behind.exec("DROP TRIGGER ledger_is_never_changed; UPDATE ledger SET at = 7 WHERE sequence = 1");
    behind.close();
    const entries = await ledger.readAll(0);
    await ledger.close();
    expect(() => verifyChain(entries)).toThrow(expect.objectContaining({ code: "broken" }));
  });
});
