import { describeAppraisalStore } from "@perch/testkit";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSqliteAppraisalStore } from "./appraisal-store.ts";
import { openScoringDatabase } from "./open-scoring-database.ts";

const aDirectory = (): string => mkdtempSync(join(tmpdir(), "perch-scoring-"));
const open = (directory: string) => createSqliteAppraisalStore(openScoringDatabase(join(directory, "scoring.sqlite")));

describe("appraisals in SQLite", () => {
  let directory = "";
  describeAppraisalStore(
    () => open((directory = aDirectory())),
    (store) => {
      store.close();
      return open(directory);
    },
  );
});

test("words that are forgotten are gone from the files as well", () => {
  const directory = aDirectory();
  const store = open(directory);
  const secret = "my card is 4929 0000 0000 6".repeat(400);
  store.keepWords([{ traceId: "t", spanId: "s", startedAt: 0, endedAt: 1, user: secret, answer: null }], 100);
  store.forgetWords(["t"]);
  store.close();
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
  expect(files.some((text) => text.includes("4929 0000"))).toBe(false);
});
