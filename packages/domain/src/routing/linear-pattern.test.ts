import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RoutingError } from "./error.ts";
import { createLinearPattern } from "./linear-pattern.ts";

describe("a pattern", () => {
  test.each([
    ["refund|money back", "i want my money back", true],
    ["^refund", "please refund", false],
    ["\\border\\s*#?\\d+", "where is order #123", true],
    ["\\border\\b", "reorder it", false],
    ["(re)?fund(s|ed)?$", "he refunded", true],
    ["colou?r", "color", true],
    ["[^a-z]x", "ax", false],
    ["[a-c]+", "zzb", true],
    ["Übung", "übung", true],
    ["a.c", "a\u{1f600}c", true],
    ["\\.", "a", false],
    ["()", "", true],
    ["[\\d-]", "-", true],
  ])("%s in %j: %s", (pattern, text, isFound) => {
    expect(createLinearPattern(pattern)(text)).toBe(isFound);
  });

  const atom = fc.constantFrom("a", "b", "[ab]", "[^a]", ".", "\\w", "\\d", "(a|b)", "(ab)");
  const piece = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?")).map((parts) => parts.join(""));
  const sequence = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
  const pattern = fc.oneof(
    sequence,
    fc.tuple(sequence, sequence).map((parts) => `^(${parts.join("|")})+$`),
  );

  test("always finds what JavaScript's regular expressions find", () => {
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "1", "-"), maxLength: 12 }), (source, text) => {
        // oxlint-disable-next-line no-control-regex -- the other implementation to compare with
        expect(createLinearPattern(source)(text)).toBe(new RegExp(source, "su").test(text));
      }),
    );
  });

  test("that brings a backtracking matcher to its knees is answered at once", () => {
    const began = performance.now();
    expect(createLinearPattern("^(a+)+$")(`${"a".repeat(4000)}b`)).toBe(false);
    expect(createLinearPattern("(a|aa|a*)*c")("a".repeat(4000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test.each([
    "",
    "a{2}",
    "(?:a)",
    "(?=a)",
    "a**",
    "*a",
    "(a",
    "a)",
    "[a",
    "[]",
    "[b-a]",
    "\\1",
    "\\k",
    "^*",
    "a".repeat(201),
  ])("%j is refused", (source) => {
    expect(() => createLinearPattern(source)).toThrow(RoutingError);
  });

  test("is read or refused, whatever is written, and never fails otherwise", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (source, text) => {
        try {
          createLinearPattern(source)(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RoutingError);
        }
      }),
    );
  });
});
