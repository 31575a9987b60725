import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeTransactionStore } from "@perch/testkit";
import { digestOf, parseAgentName, parseSessionId, parseTransactionId } from "@perch/domain";
import { describe, expect, onTestFinished, test } from "vitest";
import { openServerDatabase } from "./open-server-database.ts";
import { createSqliteTransactionStore } from "./transaction-store.ts";

describe("open transactions in SQLite", () =>
  describeTransactionStore(() => createSqliteTransactionStore(openServerDatabase(":memory:"))));

test("whoever opens the file next finds what was open", async () => {
  const directory = mkdtempSync(join(tmpdir(), "perch-transactions-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "server.sqlite");
  const agent = parseAgentName("support");
  const release = digestOf("2.3.0");
  const transaction = {
    agent,
    tool: "refund",
    id: parseTransactionId("r-1"),
    session: parseSessionId("s-1"),
    release,
    openedAt: 1,
  };
  const first = openServerDatabase(file);
  await createSqliteTransactionStore(first).record([{ state: "open", ...transaction }]);
  first.close();
  const second = openServerDatabase(file);
  onTestFinished(() => second.close());
  const found = await createSqliteTransactionStore(second).open({ agent, release, limit: 10, after: null });
  expect(found).toEqual([transaction]);
});
