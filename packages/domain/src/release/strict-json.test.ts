import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";
import { readStrictJson } from "./strict-json.ts";

function problemsOf(text: string): readonly string[] {
  const read = readStrictJson(text);
  return read.kind === "read" ? [] : read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("whatever JSON can say is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      // Integers beyond 2^53 are refused; a test of its own says so.
      fc.pre(!/\d{16}/.test(text.replace(/\d*\.\d+/g, "")));
      const read = readStrictJson(text);
      expect(read).toMatchObject({ kind: "read" });
      expect(read.kind === "read" && JSON.stringify(read.value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("whatever JSON.parse refuses is refused, and nothing that is read changes when it is written back", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"a"',
    '"\\u00e9"',
    '"\\ud800"',
    "1",
    "-0",
    "0.1",
    "1e400",
    "9007199254740993",
    "null",
    "true",
    "tru",
    "01",
    ".5",
    " ",
    "\n",
    '"',
    "\\",
    "\u0000",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const read = readStrictJson(text);
      const native = nativeParse(text);
      if (native === undefined) expect(read.kind).toBe("malformed");
      if (read.kind === "read") expect(canonicalJson(read.value)).toBe(canonicalJson(native ?? null));
    }),
    { numRuns: 3000 },
  );
});

function nativeParse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

describe("refused with its place:", () => {
  test.each([
    ["nothing", "", "1:1 found the end, expected a value"],
    ["a byte order mark", "\uFEFF{}", "1:1 found a byte order mark, expected JSON without one"],
    ["something behind the value", "{}\n x", '2:2 found "x" behind the value, expected the end'],
    ["a comment", "{ // x\n}", '1:3 found "/", expected a key in double quotes'],
    ["a comma at the end", "[1,]", '1:4 found "]", expected a value'],
    ["a list without end", "[1", '1:3 found the end, expected "," or "]"'],
    ["a string without end", '{"a": "b', "1:7 found a string with a line break, an escape that JSON does not have"],
    ["an escape that JSON does not have", '"\\x41"', "1:7 found a string with a line break, an escape"],
    ["a key without quotes", "{a:1}", '1:2 found "a", expected a key in double quotes'],
    ["half of a surrogate pair", '["\\ud83d"]', "1:2 found a string with half of a surrogate pair"],
    [
      "an integer beyond what readers agree on",
      "9007199254740993",
      "1:1 found the integer 9007199254740993, expected one",
    ],
    ["an even larger one, exact or not", "[9007199254740994]", "1:2 found the integer 9007199254740994, expected one"],
    ["an integer in disguise", "1e16", "1:1 found the integer 1e16, expected one"],
    ["a number that is too large", "1e999", "1:1 found the number 1e999, expected one that a double can hold"],
    ["one that is too small", "1e-999", "1:1 found the number 1e-999, which would be written back as 0"],
    [
      "more digits than are kept",
      "0.12345678901234567890",
      "1:1 found the number 0.12345678901234567890, which would be written back as 0.12345678901234568",
    ],
    ["a number with a leading zero", "[01]", '1:3 found "1", expected "," or "]"'],
    ["a plus sign", "+1", '1:1 found "+", expected a value'],
    ["too many levels", "[".repeat(101), "1:101 found more than 100 lists and objects in one another"],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test("several problems, all at once", () => {
    expect(problemsOf('{ "a": 1e999,\n  "b": { "c": 1, "c": 2 },\n  "a": "\\udc00" }')).toEqual([
      "1:8 found the number 1e999, expected one that a double can hold: up to 1.8e308",
      '2:18 found the key "c" twice, expected each key once',
      '3:3 found the key "a" twice, expected each key once',
      "3:8 found a string with half of a surrogate pair, expected Unicode text",
    ]);
  });

  test("a key given twice also when it is spelled with an escape, and without repeating a secret", () => {
    expect(problemsOf('{"a":1,"\\u0061":2}')).toEqual(['1:8 found the key "a" twice, expected each key once']);
    expect(problemsOf('{"sk-abc123def456":1,"sk-abc123def456":2}')).toEqual([
      "1:22 found the key (a secret) twice, expected each key once",
    ]);
  });

  test("no more problems than anybody would read", () => {
    expect(problemsOf(`[${Array.from({ length: 5000 }, () => "1e999").join(",")}]`)).toHaveLength(100);
  });
});

test.each([
  "0.1",
  "1E30",
  "-0",
  "0.0",
  "100e-2",
  "1.50",
  "9007199254740991",
  "5e-324",
  "1.7976931348623157e308",
  "1e21",
])("the number %s keeps its value", (text) => {
  expect(problemsOf(text)).toEqual([]);
});

test("a hundred levels are read", () => {
  expect(problemsOf("[".repeat(100) + "]".repeat(100))).toEqual([]);
});

test("__proto__ is a name like any other", () => {
  const read = readStrictJson('{"__proto__":{"polluted":true},"constructor":1}');
  const value = read.kind === "read" ? read.value : null;
  expect(Object.keys(value ?? {})).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(canonicalJson(value)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
});

test("every path has its place: of the key, of the item, or of the nearest thing above", () => {
  const read = readStrictJson('\n{ "a": [1,\n  { "b": null }], "": 2 }');
  const placeOf = (...path: (string | number)[]) => {
    const { line, column } = read.kind === "read" ? read.placeOf(path) : { line: 0, column: 0 };
    return `${line}:${column}`;
  };
  expect(placeOf()).toBe("2:1");
  expect(placeOf("a")).toBe("2:3");
  expect(placeOf("a", 0)).toBe("2:9");
  expect(placeOf("a", 1, "b")).toBe("3:5");
  expect(placeOf("a", 1, "x", "y")).toBe("3:3");
  expect(placeOf("")).toBe("3:19");
  expect(placeOf("zzz")).toBe("2:1");
});
