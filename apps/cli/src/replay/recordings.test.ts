import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readPairs, readRecordings, select, type RecordedSession } from "./recordings.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perch-recordings-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function recorded(task: string, trial: number, cohort = "airline"): RecordedSession {
  return {
    cohort,
    model: "m",
    agent: "a",
    task_id: task,
    trial,
    session_id: `${cohort}:${task}:${trial}`,
    reward: 1,
    outcome: "success",
    turns: [],
  };
}

const RECORDINGS = [recorded("0", 0), recorded("1", 0), recorded("0", 1), recorded("1", 1), recorded("0", 0, "retail")];
const idsOf = (sessions: readonly RecordedSession[]): string[] => sessions.map((session) => session.session_id);

describe("selecting one side of a pair", () => {
  test("takes a cohort whole, in recorded order", () => {
    expect(idsOf(select(RECORDINGS, { cohort: "airline" }))).toEqual([
      "airline:0:0",
      "airline:1:0",
      "airline:0:1",
      "airline:1:1",
    ]);
  });

  test("takes only the trials that are named", () => {
    expect(idsOf(select(RECORDINGS, { cohort: "airline", trials: [1] }))).toEqual(["airline:0:1", "airline:1:1"]);
  });

  test("takes only the first tasks of the cohort, every trial of them", () => {
    expect(idsOf(select(RECORDINGS, { cohort: "airline", first_tasks: 1 }))).toEqual(["airline:0:0", "airline:0:1"]);
  });

  test("gives a session as often as its id is drawn, in the order of the draws", () => {
    const ids = ["retail:0:0", "airline:1:0", "retail:0:0"];
    expect(idsOf(select(RECORDINGS, { session_ids: ids }))).toEqual(ids);
  });

  test("names the id that no recording has", () => {
    expect(() => select(RECORDINGS, { session_ids: ["nobody:1:1"] })).toThrow(/nobody:1:1/);
  });

  test("names the cohorts there are when a cohort is unknown", () => {
    expect(() => select(RECORDINGS, { cohort: "hotel" })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("airline, retail") }),
    );
  });
});

describe("reading the files", () => {
  test("reads plain and gzipped recordings in the order of their names", () => {
    writeFileSync(join(folder, "b.jsonl"), `${JSON.stringify(recorded("2", 0))}\n`);
    writeFileSync(join(folder, "a.jsonl.gz"), gzipSync(`${JSON.stringify(recorded("1", 0))}\n`));
    writeFileSync(join(folder, "README.md"), "not a recording");
    expect(idsOf(readRecordings(folder))).toEqual(["airline:1:0", "airline:2:0"]);
  });

  test("names file and line of a recording that is cut off", () => {
    writeFileSync(join(folder, "a.jsonl"), `${JSON.stringify(recorded("1", 0))}\n{"cohort":`);
    expect(() => readRecordings(folder)).toThrow(/a\.jsonl, line 2 is not JSON/);
  });

  test("refuses a selector that it does not know", () => {
    const file = join(folder, "pairs.json");
    writeFileSync(
      file,
      JSON.stringify([{ id: "X", baseline: { cohort: "a", last_tasks: 3 }, canary: { cohort: "a" } }]),
    );
    expect(() => readPairs(file)).toThrow(/not a list of pairs/);
  });

  test("says which directory holds no recordings", () => {
    expect(() => readRecordings(folder)).toThrow(/holds no \*\.jsonl/);
  });
});
