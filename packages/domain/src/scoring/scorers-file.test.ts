import { expect, test } from "vitest";
import { checkScorersFile, scorersJsonSchema } from "./scorers-file.ts";

const HTTP = { name: "judge", version: "1", type: "http", url: "http://127.0.0.1:9000/judge", scores: ["helpful"] };

function aFile(...scorers: readonly object[]) {
  return { apiVersion: "perch.dev/v1", kind: "Scorers", scorers };
}

function problemsOf(...scorers: readonly object[]): readonly string[] {
  const checked = checkScorersFile(aFile(...scorers));
  return checked.kind === "valid" ? [] : checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("what is left out is filled in: everybody's sessions, no words, four attempts", () => {
  const checked = checkScorersFile(aFile(HTTP, { name: "mood", type: "sentiment" }));
  expect(checked).toMatchObject({
    kind: "valid",
    file: {
      scorers: [
        { samplePercent: 100, words: "keep-out", timeout: "30s", attempts: 4, giveUpAfter: "5m", queue: 1000 },
        { samplePercent: 100 },
      ],
    },
  });
});

test.each([
  ["an unknown field", [{ ...HTTP, sample: 5 }], "scorers.0.sample"],
  ["a URL with a password in it", [{ ...HTTP, url: "http://a:b@judge/" }], "scorers.0.url"],
  ["no version", [{ ...HTTP, version: undefined }], "scorers.0.version"],
  ["a share of nothing", [{ ...HTTP, samplePercent: 0 }], "scorers.0.samplePercent"],
  ["a secret in the file", [{ ...HTTP, auth: { value: "s3cret" } }], "scorers.0.auth"],
  ["one name for two", [HTTP, { ...HTTP, scores: ["kind"] }], "scorers.1.name"],
  ["one score from two", [HTTP, { ...HTTP, name: "other" }], "scorers.1: found the score"],
  ["a budget without room for a call", [{ ...HTTP, budget: { usdPerDay: 1, usdPerCall: 2 } }], "scorers.0.budget"],
  ["giving up before a call can time out", [{ ...HTTP, giveUpAfter: "10s" }], "scorers.0.giveUpAfter"],
])("refuses %s", (_what, scorers, place) => {
  const problems = problemsOf(...scorers);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems[0]).toContain(place);
  expect(problems.join()).not.toContain("s3cret");
});

test("the JSON Schema names every field that the file may have", () => {
  const text = JSON.stringify(scorersJsonSchema());
  for (const field of ["samplePercent", "words", "auth", "budget", "usdPerCall", "giveUpAfter", "queue", "sentiment"]) {
    expect(text).toContain(`"${field}"`);
  }
});
