import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createSqliteLedger, openServerDatabase } from "@perch/adapters/sqlite";
import type { LedgerEntry } from "@perch/domain";
import { startHttpServer } from "@perch/testkit/servers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLedger } from "./read-ledger.ts";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));

let data = "";
let entries: readonly LedgerEntry[] = [];
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "perch-ledger-"));
  entries = await fill(serverFile());
});
afterEach(() => rmSync(data, { recursive: true }));

const serverFile = (): string => join(data, "server", "server.sqlite");

async function fill(file: string): Promise<readonly LedgerEntry[]> {
  const ledger = createSqliteLedger(openServerDatabase(file));
  let expected = 0;
  for (const weight of [100, 500, 2500, 5000]) {
    const entry = { subject: "support-2-3-1", type: "synced", at: 1_700_000_000_000 + weight, body: { weight } };
    expected = (await ledger.append(entry, expected, 0)).sequence;
  }
  const all = await ledger.readAll(0);
  await ledger.close();
  return all;
}

/** As somebody with the file in hand would. */
function tamper(sql: string): void {
  const database = new DatabaseSync(serverFile());
  database.exec(`DROP TRIGGER ledger_is_never_changed; DROP TRIGGER ledger_is_never_shortened; ${sql}`);
  database.close();
}

function perch(...args: string[]): { code: number | null; out: string; err: string } {
  const ran = spawnSync(process.execPath, [PERCH, "ledger", ...args], { env: { ...process.env, NO_COLOR: "1" } });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

const headOf = (ledger: readonly LedgerEntry[]): string => `${ledger.at(-1)?.sequence}:${ledger.at(-1)?.hash}`;

test("a ledger that adds up is said to, with its head, while a server has it open", () => {
  const open = openServerDatabase(serverFile());
  const verified = perch("verify", "--data", data);
  open.close();
  expect(verified).toMatchObject({ code: 0, err: "" });
  expect(verified.out).toContain(`adds up: 4 entries\nhead  ${headOf(entries)}\n`);
});

test("an entry that was changed behind the server's back is named, with exit code 3", () => {
  tamper("UPDATE ledger SET body = '{\"weight\":1}' WHERE sequence = 3");
  const { code, out } = perch("verify", "--data", data);
  expect([code, out]).toEqual([3, expect.stringContaining("broken at entry 3: it is not what was appended (altered)")]);
  expect(out).toContain(`  found     hash ${entries[2]?.hash}`);
  expect(out).toContain("  there     synced of support-2-3-1 at 2023-11-14T22:13:22.500Z, numbered 3");
  const json: unknown = JSON.parse(perch("verify", "--data", data, "--json").out);
  expect(json).toMatchObject({ intact: false, entries: 4, broken: { kind: "altered", sequence: 3 } });
});

test("a body that is no JSON any more is an altered entry, not a failure", () => {
  tamper("UPDATE ledger SET body = '{' WHERE sequence = 2");
  expect(perch("verify", "--data", data)).toMatchObject({ code: 3, out: expect.stringContaining("at entry 2") });
});

test("an end that was cut off is found by the head that was noted down", () => {
  tamper("DELETE FROM ledger WHERE sequence > 2");
  expect(perch("verify", "--data", data)).toMatchObject({ code: 0 });
  const { code, out } = perch("verify", "--data", data, "--anchor", headOf(entries));
  expect([code, out]).toEqual([3, expect.stringContaining("broken at entry 3: the ledger was cut off here (cut)")]);
});

test("an export is the whole content, and can be checked without the server's data", () => {
  const file = join(data, "ledger.jsonl");
  expect(perch("export", "--data", data, "--out", file)).toMatchObject({ code: 0, out: "" });
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual(entries);
  expect(perch("verify", file)).toMatchObject({ code: 0 });
  writeFileSync(
    file,
    lines
      .with(1, lines[2] ?? "")
      .with(2, lines[1] ?? "")
      .join("\n"),
  );
  expect(perch("verify", file)).toMatchObject({ code: 3, out: expect.stringContaining("(reordered)") });
  writeFileSync(file, "nonsense\n");
  const { code, err } = perch("verify", file);
  expect([code, err]).toEqual([1, expect.stringContaining("1:1  found no ledger entry")]);
});

test("what is no ledger is refused with what was found there", () => {
  expect(perch("verify", "--data", join(data, "nowhere"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("cannot use"),
  });
  expect(perch("verify", "--data", data, "--anchor", "3")).toMatchObject({
    code: 2,
    err: expect.stringContaining('found "3", expected SEQUENCE:HASH'),
  });
  expect(perch("verify", "x", "--data", data)).toMatchObject({ code: 2 });
});

test("a server's ledger is read page by page", async () => {
  const server = await startHttpServer(({ path }, response) => {
    const after = Number(new URL(path, "http://server").searchParams.get("after"));
    const page = entries.slice(after, after + 2);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ entries: page, next: page.length < 2 ? null : page.at(-1)?.sequence }));
  });
  try {
    expect(await readLedger({ kind: "server", url: `http://${server.host}` })).toEqual(entries);
  } finally {
    await server.stop();
  }
});
