import { editScript, type Edit } from "./edit-script.ts";

/**
 * A stretch of changed lines with the lines around it, as in a unified diff: line numbers begin at 1, each line begins
 * with " ", "-" or "+", and "\" says that the line above it does not end in a line break.
 */
export type Hunk = {
  readonly fromLine: number;
  readonly fromLines: number;
  readonly toLine: number;
  readonly toLines: number;
  readonly lines: readonly string[];
};

export type TextDiff = {
  readonly hunks: readonly Hunk[];
  readonly addedLines: number;
  readonly removedLines: number;
  /** Lines of hunks that were left out because the limit was reached. */
  readonly omittedLines: number;
};

/** How much of a difference is kept. */
export type TextLimits = { readonly lines: number; readonly lineLength: number };

export const NO_TEXT_LIMITS: TextLimits = { lines: Infinity, lineLength: Infinity };
export const NO_NEWLINE = "\\ No newline at end of file";

const CONTEXT = 3;

/** The line diff of two texts. Without limits, applying its hunks to A gives exactly B; equal texts have no hunks. */
export function diffText(a: string, b: string, limits: TextLimits = NO_TEXT_LIMITS): TextDiff {
  if (a === b) return { hunks: [], addedLines: 0, removedLines: 0, omittedLines: 0 };
  const texts = { a: splitLines(a), b: splitLines(b) };
  const { numbersOfA, numbersOfB } = numberLines(texts);
  const edits = editScript(numbersOfA, numbersOfB);
  const hunks = groups(edits).map((group) => hunkOf(group, texts));
  return {
    ...limited(hunks, limits),
    addedLines: edits.reduce((sum, edit) => sum + edit.otherTo - edit.otherFrom, 0),
    removedLines: edits.reduce((sum, edit) => sum + edit.to - edit.from, 0),
  };
}

type Texts = { readonly a: readonly string[]; readonly b: readonly string[] };

/** Each line with its line break; the last one may have none. */
export function splitLines(text: string): readonly string[] {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const ended = lines.map((line) => `${line}\n`);
  return last === "" ? ended : [...ended, last];
}

function numberLines({ a, b }: Texts): { numbersOfA: Int32Array; numbersOfB: Int32Array } {
  const known = new Map<string, number>();
  const numberOf = (line: string): number => {
    const number = known.get(line) ?? known.size;
    known.set(line, number);
    return number;
  };
  return { numbersOfA: Int32Array.from(a, numberOf), numbersOfB: Int32Array.from(b, numberOf) };
}

// Edits whose surrounding lines would touch or overlap share a hunk.
function groups(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  const result: Edit[][] = [];
  for (const edit of edits) {
    const group = result.at(-1);
    const last = group?.at(-1);
    if (group !== undefined && last !== undefined && edit.from - last.to <= 2 * CONTEXT) group.push(edit);
    else result.push([edit]);
  }
  return result;
}

function hunkOf(edits: readonly Edit[], { a, b }: Texts): Hunk {
  const [first, last] = [edits[0], edits.at(-1)];
  const before = Math.min(CONTEXT, first?.from ?? 0);
  const from = (first?.from ?? 0) - before;
  const otherFrom = (first?.otherFrom ?? 0) - before;
  const to = Math.min(a.length, (last?.to ?? 0) + CONTEXT);
  const parts: (readonly string[])[] = [];
  let [at, otherAt] = [from, otherFrom];
  for (const edit of edits) {
    parts.push(marked(" ", a.slice(at, edit.from)));
    parts.push(marked("-", a.slice(edit.from, edit.to)), marked("+", b.slice(edit.otherFrom, edit.otherTo)));
    [at, otherAt] = [edit.to, edit.otherTo];
  }
  parts.push(marked(" ", a.slice(at, to)));
  const [fromLines, toLines] = [to - from, otherAt + (to - at) - otherFrom];
  // As diff and git do: an empty side is named by the line before it.
  return {
    fromLine: fromLines === 0 ? from : from + 1,
    fromLines,
    toLine: toLines === 0 ? otherFrom : otherFrom + 1,
    toLines,
    lines: parts.flat(),
  };
}

function marked(mark: " " | "-" | "+", lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    line.endsWith("\n") ? [`${mark}${line.slice(0, -1)}`] : [`${mark}${line}`, NO_NEWLINE],
  );
}

function limited(hunks: readonly Hunk[], limits: TextLimits): Pick<TextDiff, "hunks" | "omittedLines"> {
  let left = limits.lines;
  let omittedLines = 0;
  const kept: Hunk[] = [];
  for (const hunk of hunks) {
    const lines = hunk.lines.slice(0, Math.min(left, hunk.lines.length));
    omittedLines += hunk.lines.length - lines.length;
    left -= lines.length;
    if (lines.length > 0) kept.push({ ...hunk, lines: lines.map((line) => shortened(line, limits.lineLength)) });
  }
  return { hunks: kept, omittedLines };
}

function shortened(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most).toWellFormed()}… (${line.length - most} more characters)`;
}
