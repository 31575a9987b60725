import { describe, expect, test } from "vitest";
import { readYaml, type Place } from "./read-yaml.ts";

function placeIn(text: string, path: readonly (string | number)[]): Place {
  const yaml = readYaml(text);
  if (yaml.kind === "malformed") throw new Error(yaml.problems.map(({ message }) => message).join("; "));
  return yaml.placeOf(path);
}

describe("the place of a path", () => {
  const text = 'steps:\n  - weight: 5\n    for: 10m\n  - { "weight": 25 }\n"7": seven\n';

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

function problemsOf(text: string): readonly string[] {
  const yaml = readYaml(text);
  return yaml.kind === "read" ? [] : yaml.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe("YAML that is refused, with its place:", () => {
  test.each([
    ["a key given twice", "a: 1\nb: 2\na: 3\n", '3:1 found the key "a" twice'],
    ["the same key in two spellings", 'a: 1\n"\\x61": 2\n', '2:1 found the key "a" twice'],
    ["a tag of unknown meaning", "a: !shell rm\n", "1:4 Unresolved tag: !shell"],
    ["a tag of known meaning", "a: 1\nb: !!str 1\n", "2:10 found a tag"],
    ["a tag on a list", "a: !!set {x, y}\n", "1:10 found a tag"],
    ["two documents", "a: 1\n---\nb: 2\n", "2:1 Source contains multiple documents"],
    ["a directive", "%YAML 1.1\n---\na: no\n", "1:1 found a directive"],
    ["a broken line", "a: [1,\n", "2:1 "],
    ["a tab as indentation", "a:\n\tb: 1\n", "2:1 Tabs are not allowed as indentation"],
    ["a key that is a number", "a: 1\n7: x\n", "2:1 found a key that is no string"],
    ["a key that is null", "null: x\n", "1:1 found a key that is no string"],
    ["a key that is a list", "? [a]\n: x\n", "1:3 found a key that is no string"],
    ["a key that is an alias", "a: &a x\n*a : y\n", "2:1 found a key that is no string"],
    ["a merge key", "a: &a { b: 1 }\nc:\n  <<: *a\n", "3:3 found a merge key"],
    ["an integer that loses digits", "a: 9007199254740993\n", "1:4 found the integer 9007199254740993"],
    ["one in hexadecimal digits", "a: 0xffffffffffffffff\n", "1:4 found the integer 18446744073709552000"],
    ["a fraction that loses digits", "a: 0.12345678901234567890\n", "1:4 found the number 0.12345678901234567890"],
    ["a number that is too large", "a: 1e999\n", "1:4 found the number 1e999"],
    ["infinity", "a: -.inf\n", "1:4 found the number -.inf"],
    ["not a number", "a: .nan\n", "1:4 found the number .nan"],
    ["a number with a leading zero", "zip: 01234\n", "1:6 found the number 01234, expected no leading zero"],
    ["half of a surrogate pair", 'a: "\\ud83d"\n', "1:4 found a string with half of a surrogate pair"],
    ["too many levels", `${"[".repeat(101)}${"]".repeat(101)}`, "1:101 found more than 100 lists and maps"],
    ["too many aliases", `a: &a x\nb: [${"*a, ".repeat(101)}]\n`, "2:405 found more than 100 aliases"],
    ["an alias of nothing", "a: *b\n", '1:4 found an alias of "b"'],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  test("aliases of aliases", () => {
    const text = `a: &a [1,2]\nb: &b [${"*a,".repeat(40)}1]\nc: &c [${"*b,".repeat(40)}1]\nd: *c\n`;
    expect(readYaml(text)).toMatchObject({
      kind: "malformed",
      problems: [{ line: 2, column: 8, message: expect.stringContaining("alias") }],
    });
  });

  test("every problem at once", () => {
    expect(problemsOf("a: 1\na: !!int 2\nb: 1e999\nb: 2\n")).toEqual([
      expect.stringContaining('2:1 found the key "a" twice'),
      expect.stringContaining("2:10 found a tag"),
      expect.stringContaining("3:4 found the number 1e999"),
      expect.stringContaining('4:1 found the key "b" twice'),
    ]);
  });

  test("no more problems than anybody would read, and none that repeats the whole text", () => {
    expect(problemsOf(`[${",".repeat(5000)}]`).length).toBeLessThanOrEqual(200);
    expect(problemsOf(`a: ${"!".repeat(5000)}`).join().length).toBeLessThan(1000);
  });

  test.each(["[", "{", "- ", "? ", "a:\n"])("thousands of levels of %j, without a crash", (opening) => {
    expect(problemsOf(opening.repeat(5000)).length).toBeGreaterThan(0);
  });
});

test("thousands of keys are read in no time", () => {
  const text = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`).join("\n");
  const started = process.cpuUsage().user;
  expect(readYaml(text).kind).toBe("read");
  expect((process.cpuUsage().user - started) / 1000).toBeLessThan(4000);
});

test("__proto__ is a name like any other", () => {
  const yaml = readYaml("__proto__: { a: 1 }\n");
  expect(yaml.kind === "read" && Object.keys(yaml.value ?? {})).toEqual(["__proto__"]);
});

test("JSON is read too, and nothing but true and false is a boolean", () => {
  expect(readYaml('{ "a": [1, null] }')).toMatchObject({ value: { a: [1, null] } });
  expect(readYaml("a: no\nb: 2026-01-01\n")).toMatchObject({ value: { a: "no", b: "2026-01-01" } });
});
