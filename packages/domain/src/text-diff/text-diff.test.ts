import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editScript } from "./edit-script.ts";
import { diffText, NO_NEWLINE, splitLines, type TextDiff } from "./text-diff.ts";

/** Applies hunks as `patch` would, and checks that every line it takes away or keeps is there. */
function apply(text: string, { hunks }: TextDiff): string {
  const lines = splitLines(text);
  const result: string[] = [];
  let at = 0;
  for (const hunk of hunks) {
    const start = hunk.fromLines === 0 ? hunk.fromLine : hunk.fromLine - 1;
    result.push(...lines.slice(at, start));
    at = start;
    for (const [index, line] of hunk.lines.entries()) {
      if (line === NO_NEWLINE) continue;
      const whole = `${line.slice(1)}${hunk.lines[index + 1] === NO_NEWLINE ? "" : "\n"}`;
      if (line[0] !== "+") {
        expect(lines[at]).toBe(whole);
        at += 1;
      }
      if (line[0] !== "-") result.push(whole);
    }
  }
  return [...result, ...lines.slice(at)].join("");
}

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = table[i] ?? [];
    for (let j = b.length - 1; j >= 0; j -= 1) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at(0, 0);
}

const text = fc
  .array(fc.constantFrom("a", "b", "c", "", "-x", "\\ No", "d\r"), { maxLength: 30 })
  .chain((lines) => fc.boolean().map((isEnded) => lines.join("\n") + (isEnded ? "\n" : "")));

test("applying the hunks to A gives exactly B", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(apply(a, diffText(a, b))).toBe(b);
    }),
    { numRuns: 2000 },
  );
});

test("equal texts have no hunks", () => {
  fc.assert(
    fc.property(text, (a) => {
      expect(diffText(a, a)).toEqual({ hunks: [], addedLines: 0, removedLines: 0, omittedLines: 0 });
    }),
  );
});

test("no diff has fewer changed lines than that of a longest common subsequence, and ours has no more", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const { addedLines, removedLines } = diffText(a, b);
      const [linesOfA, linesOfB] = [splitLines(a), splitLines(b)];
      const least = linesOfA.length + linesOfB.length - 2 * longestCommon(linesOfA, linesOfB);
      expect(addedLines + removedLines).toBe(least);
    }),
    { numRuns: 2000 },
  );
});

describe("hunks", () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`);

  test("carry three lines of context, and close changes share one", () => {
    const lines = numbered(30);
    const changed = lines.with(4, "five\n").with(10, "eleven\n").with(25, "twenty-six\n").join("");
    const { hunks } = diffText(lines.join(""), changed);
    expect(hunks.map(({ fromLine, fromLines, toLine, toLines }) => [fromLine, fromLines, toLine, toLines])).toEqual([
      [2, 13, 2, 13],
      [23, 7, 23, 7],
    ]);
    expect(hunks[1]?.lines).toEqual([
      " line 23",
      " line 24",
      " line 25",
      "-line 26",
      "+twenty-six",
      " line 27",
      " line 28",
      " line 29",
    ]);
  });

  test("say when a line does not end in a line break", () => {
    expect(diffText("a\nb", "a\nb\n").hunks).toEqual([
      { fromLine: 1, fromLines: 2, toLine: 1, toLines: 2, lines: [" a", "-b", NO_NEWLINE, "+b"] },
    ]);
  });

  test("name the line before an empty side", () => {
    expect(diffText("", "a\n").hunks[0]).toMatchObject({ fromLine: 0, fromLines: 0, toLine: 1, toLines: 1 });
    expect(diffText("a\n", "").hunks[0]).toMatchObject({ fromLine: 1, fromLines: 1, toLine: 0, toLines: 0 });
  });

  test("are cut at the limit, and what is left out is counted", () => {
    const diff = diffText("", numbered(1000).join(""), { lines: 10, lineLength: 6 });
    expect(diff).toMatchObject({ addedLines: 1000, removedLines: 0, omittedLines: 990 });
    expect(diff.hunks[0]?.lines).toHaveLength(10);
    expect(diff.hunks[0]?.lines[0]).toBe("+line … (1 more characters)");
  });
});

describe("huge texts", () => {
  function lines(count: number, seed: number): string {
    let state = seed;
    const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648);
    return Array.from({ length: count }, () => `line ${next() % 5000}\n`).join("");
  }

  test.each([
    ["with nothing in common", lines(100_000, 1), lines(100_000, 2).replaceAll("line", "other")],
    ["of the same lines in another order", lines(60_000, 1), lines(60_000, 9)],
    [
      "with unique lines among the changes",
      Array.from({ length: 30_000 }, (_, i) => `${i}\nx${i % 7}\n`).join(""),
      Array.from({ length: 30_000 }, (_, i) => `${i}\ny${i % 5}\n`).join(""),
    ],
  ])(
    "%s are compared in bounded time and correctly",
    (...[, a, b]) => {
      const startedAt = performance.now();
      const diff = diffText(a, b);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(apply(a, diff)).toBe(b);
    },
    20_000,
  );

  test("changes far apart in unique lines are found even beyond the bound", () => {
    const count = 12_000;
    const a = Int32Array.from({ length: count }, (_, index) => index);
    // Every third line differs: far more edits than one run may need.
    const b = Int32Array.from({ length: count }, (_, index) => (index % 3 === 0 ? count + index : index));
    const edits = editScript(a, b);
    expect(edits).toHaveLength(count / 3);
    expect(edits[1]).toEqual({ from: 3, to: 4, otherFrom: 3, otherTo: 4 });
  });
});
