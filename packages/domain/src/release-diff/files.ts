import { digestOf } from "../release/digest.ts";
import { diffText, type TextDiff } from "../text-diff/text-diff.ts";
import { BREAKS_NOBODY, type Change, type DiffLimits } from "./change.ts";
import type { ArchivedFile } from "./release-content.ts";
import { linesWords } from "./words.ts";

type FileChange = Extract<Change, { kind: "fileChanged" }>;
type Pair = { readonly before: ArchivedFile; readonly after: ArchivedFile };

/** A larger file is not compared by lines, nor is any once so much text has been compared. */
const MOST_TEXT = 256 * 1024;
const MOST_TEXT_IN_ALL = 4 * 1024 * 1024;

/** The files that were added, removed, changed, or moved with the same bytes, by path. */
export function diffFiles(
  before: readonly ArchivedFile[],
  after: readonly ArchivedFile[],
  limits: DiffLimits,
): readonly Change[] {
  const [had, has] = [byPath(before), byPath(after)];
  const removed = before.filter(({ path }) => !has.has(path));
  const added = after.filter(({ path }) => !had.has(path));
  const moved = findMoved(removed, added);
  const changed = after.flatMap((file) => {
    const old = had.get(file.path);
    return old === undefined || isSame(old, file) ? [] : [{ before: old, after: file }];
  });
  const [from, to] = [new Set(moved.map((pair) => pair.before)), new Set(moved.map((pair) => pair.after))];
  const found = [
    ...changed.map((pair) => () => changedFile(pair, compareTexts)),
    ...moved.map((pair) => () => movedFile(pair)),
    ...added.filter((file) => !to.has(file)).map((file) => () => oneSided("added", file)),
    ...removed.filter((file) => !from.has(file)).map((file) => () => oneSided("removed", file)),
  ];
  let textLeft = MOST_TEXT_IN_ALL;
  function compareTexts(a: Uint8Array, b: Uint8Array): TextDiff | null {
    if (Math.max(a.length, b.length) > MOST_TEXT || textLeft < a.length + b.length) return null;
    const [one, other] = [textOf(a), textOf(b)];
    if (one === null || other === null) return null;
    textLeft -= a.length + b.length;
    return diffText(one, other, limits.text);
  }
  const shown: Change[] = found.slice(0, limits.files).map((make) => make());
  const count = found.length - shown.length;
  if (count > 0)
    shown.push({ kind: "filesOmitted", count, breaks: BREAKS_NOBODY, words: `${count} more files changed` });
  return shown;
}

function byPath(files: readonly ArchivedFile[]): ReadonlyMap<string, ArchivedFile> {
  return new Map(files.map((file) => [file.path, file]));
}

function isSame(a: ArchivedFile, b: ArchivedFile): boolean {
  return sizeOf(a) === sizeOf(b) && identityOf(a) === identityOf(b);
}

function identityOf(file: ArchivedFile): string {
  return file.kind === "link" ? `link ${file.target}` : digestOf(file.bytes);
}

// Each once; several with the same bytes in the order of their paths.
function findMoved(removed: readonly ArchivedFile[], added: readonly ArchivedFile[]): readonly Pair[] {
  if (removed.length === 0) return [];
  const places = Map.groupBy(added.filter(hasContent), identityOf);
  return removed.filter(hasContent).flatMap((before) => {
    const after = places.get(identityOf(before))?.shift();
    return after === undefined ? [] : [{ before, after }];
  });
}

// Empty files are all alike, and no evidence of a move.
function hasContent(file: ArchivedFile): boolean {
  return file.kind === "file" && file.bytes.length > 0;
}

function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function changedFile({ before, after }: Pair, compare: (a: Uint8Array, b: Uint8Array) => TextDiff | null): FileChange {
  const text = before.kind === "file" && after.kind === "file" ? compare(before.bytes, after.bytes) : null;
  const details = text === null ? `${describe(before)} → ${describe(after)}` : linesWords(text);
  return fileChange(
    { how: "changed", path: after.path, words: `file ${after.path} changed: ${details}` },
    { before, after, text },
  );
}

function movedFile({ before, after }: Pair): FileChange {
  const words = `file ${before.path} moved to ${after.path}`;
  return fileChange({ how: "renamed", path: after.path, words }, { before, after, text: null });
}

function oneSided(how: "added" | "removed", file: ArchivedFile): FileChange {
  const words = `file ${file.path} ${how}: ${describe(file)}`;
  const [before, after] = how === "added" ? [null, file] : [file, null];
  return fileChange({ how, path: file.path, words }, { before, after, text: null });
}

function fileChange(
  said: Pick<FileChange, "how" | "path" | "words">,
  { before, after, text }: { before: ArchivedFile | null; after: ArchivedFile | null; text: TextDiff | null },
): FileChange {
  return {
    kind: "fileChanged",
    ...said,
    previousPath: said.how === "renamed" ? (before?.path ?? null) : null,
    sizeBefore: sizeOf(before),
    sizeAfter: sizeOf(after),
    text,
    breaks: BREAKS_NOBODY,
  };
}

function sizeOf(file: ArchivedFile | null): number | null {
  return file?.kind === "file" ? file.bytes.length : null;
}

function describe(file: ArchivedFile): string {
  return file.kind === "link" ? `a link to ${file.target}` : `${file.bytes.length} bytes`;
}
