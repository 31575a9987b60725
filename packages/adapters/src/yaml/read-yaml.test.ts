import { describe, expect, test } from "vitest";
import { readYaml, type Place } from "./read-yaml.ts";

function placeIn(text: string, path: readonly (string | number)[]): Place {
  const yaml = readYaml(text);
  if (yaml.kind === "malformed") throw new Error(yaml.problems.map(({ message }) => message).join("; "));
  return yaml.placeOf(path);
}

describe("the place of a path", () => {
  const text = 'steps:\n  - weight: 5\n    for: 10m\n  - { "weight": 25 }\n7: seven\n';

  test.each([
    [["steps"], { line: 1, column: 1 }],
    [["steps", 0, "for"], { line: 3, column: 5 }],
    [["steps", 1], { line: 4, column: 5 }],
    [["steps", 1, "weight"], { line: 4, column: 7 }],
    [["7"], { line: 5, column: 1 }],
  ])("%j is where its name stands", (path, place) => {
    expect(placeIn(text, path)).toEqual(place);
  });

  test("what is missing has the place of the nearest thing above it", () => {
    expect(placeIn(text, ["steps", 1, "for"])).toEqual({ line: 4, column: 5 });
    expect(placeIn(text, ["name", "first"])).toEqual({ line: 1, column: 1 });
    expect(placeIn("", ["name"])).toEqual({ line: 1, column: 1 });
  });
});

describe("YAML that is refused", () => {
  test.each([
    ["a key given twice", "a: 1\nb: 2\na: 3\n", 3],
    ["a tag of unknown meaning", "a: !shell rm\n", 1],
    ["two documents", "a: 1\n---\nb: 2\n", 2],
    ["a broken line", "a: [1,\n", 2],
    ["aliases that multiply", `a: &a [1,2]\nb: &b [${"*a,".repeat(60)}1]\nc: [${"*b,".repeat(60)}1]\n`, 1],
  ])("%s", (_, text, line) => {
    expect(readYaml(text)).toMatchObject({ kind: "malformed", problems: [{ line, message: expect.any(String) }] });
  });

  test("names every syntax problem at once", () => {
    const yaml = readYaml("a: 1\na: 2\nb: 1\nb: 2\n");
    expect(yaml.kind === "malformed" && yaml.problems.map(({ line }) => line)).toEqual([2, 4]);
  });
});

test("JSON is read too, and nothing but true and false is a boolean", () => {
  expect(readYaml('{ "a": [1, null] }')).toMatchObject({ value: { a: [1, null] } });
  expect(readYaml("a: no\nb: 2026-01-01\n")).toMatchObject({ value: { a: "no", b: "2026-01-01" } });
});
