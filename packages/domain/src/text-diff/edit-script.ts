import { uniqueAnchors } from "./unique-anchors.ts";

/** Lines `from`..`to` (exclusive) of A are replaced by lines `otherFrom`..`otherTo` of B. Either range may be empty. */
export type Edit = {
  readonly from: number;
  readonly to: number;
  readonly otherFrom: number;
  readonly otherTo: number;
};

type Range = Edit;
type Search = { readonly a: Int32Array; readonly b: Int32Array; work: number };

/** Edits that one run of Myers' algorithm may need before its part of the text is cut at lines that occur once. */
const MOST_EDITS = 1500;
/** Steps for the whole text, a fraction of a second. Beyond it parts count as replaced whole. */
const MOST_WORK = 6_000_000;

/**
 * The edits that turn A into B, in order, with lines given as numbers (equal line, equal number). The fewest possible by
 * Myers, "An O(ND) difference algorithm" (1986); for texts with very many changes correct and not always the fewest,
 * so that the cost stays bounded.
 */
export function editScript(a: Int32Array, b: Int32Array): readonly Edit[] {
  const search: Search = { a, b, work: MOST_WORK };
  const edits: Edit[] = [];
  const todo: Range[] = [{ from: 0, to: a.length, otherFrom: 0, otherTo: b.length }];
  for (let range = todo.pop(); range !== undefined; range = todo.pop()) {
    const rest = withoutCommonEnds(range, search);
    if (rest.from === rest.to && rest.otherFrom === rest.otherTo) continue;
    if (rest.from === rest.to || rest.otherFrom === rest.otherTo) {
      edits.push(rest);
      continue;
    }
    const found = shortestEdits(rest, search);
    if (found !== null) edits.push(...found);
    else {
      const parts = cutAtAnchors(rest, search);
      if (parts.length === 1) edits.push(rest);
      // The first part is to be popped first.
      else todo.push(...parts.toReversed());
    }
  }
  return edits;
}

function withoutCommonEnds({ from, to, otherFrom, otherTo }: Range, { a, b }: Search): Range {
  let [start, otherStart, end, otherEnd] = [from, otherFrom, to, otherTo];
  while (start < end && otherStart < otherEnd && a[start] === b[otherStart]) {
    start += 1;
    otherStart += 1;
  }
  while (end > start && otherEnd > otherStart && a[end - 1] === b[otherEnd - 1]) {
    end -= 1;
    otherEnd -= 1;
  }
  return { from: start, to: end, otherFrom: otherStart, otherTo: otherEnd };
}

// Greedy furthest-reaching paths by number of edits; null when it would need too many.
function shortestEdits(range: Range, search: Search): readonly Edit[] | null {
  const [n, m] = [range.to - range.from, range.otherTo - range.otherFrom];
  const most = Math.min(n + m, MOST_EDITS);
  const reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const steps: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    steps.push(reach.slice(middle - edits, middle + edits + 1));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const x = follow({ range, search, diagonal }, furthestStart(reach, middle, { diagonal, edits }));
      reach[middle + diagonal] = x;
      if (x >= n && x - diagonal >= m) return backtrack(range, steps, { edits, diagonal });
    }
    search.work -= edits + 1;
    if (search.work <= 0) return null;
  }
  return null;
}

function furthestStart(reach: Int32Array, middle: number, at: { diagonal: number; edits: number }): number {
  const below = reach[middle + at.diagonal + 1] ?? 0;
  if (at.edits === 0) return 0;
  const left = (reach[middle + at.diagonal - 1] ?? 0) + 1;
  if (at.diagonal === -at.edits) return below;
  return at.diagonal === at.edits || left > below ? left : below;
}

function follow(
  { range, search, diagonal }: { range: Range; search: Search; diagonal: number },
  start: number,
): number {
  const { a, b } = search;
  let x = start;
  while (
    range.from + x < range.to &&
    range.otherFrom + x - diagonal < range.otherTo &&
    a[range.from + x] === b[range.otherFrom + x - diagonal]
  ) {
    x += 1;
  }
  search.work -= x - start;
  return x;
}

function backtrack(
  range: Range,
  steps: readonly Int32Array[],
  end: { edits: number; diagonal: number },
): readonly Edit[] {
  const single: Edit[] = [];
  let { diagonal } = end;
  for (let edits = end.edits; edits > 0; edits -= 1) {
    // What every path had reached before this edit; index 0 is diagonal -edits.
    const before = steps[edits] ?? new Int32Array(0);
    const below = before[diagonal + 1 + edits] ?? 0;
    const left = (before[diagonal - 1 + edits] ?? 0) + 1;
    const isRemoval = diagonal !== -edits && (diagonal === edits || left > below);
    diagonal += isRemoval ? -1 : 1;
    const x = isRemoval ? left - 1 : below;
    const [from, otherFrom] = [range.from + x, range.otherFrom + x - diagonal];
    single.push({ from, to: from + (isRemoval ? 1 : 0), otherFrom, otherTo: otherFrom + (isRemoval ? 0 : 1) });
  }
  return joined(single.reverse());
}

function joined(edits: readonly Edit[]): readonly Edit[] {
  const result: Edit[] = [];
  for (const edit of edits) {
    const last = result.at(-1);
    if (last !== undefined && last.to === edit.from && last.otherTo === edit.otherFrom) {
      result[result.length - 1] = { ...last, to: edit.to, otherTo: edit.otherTo };
    } else result.push(edit);
  }
  return result;
}

function cutAtAnchors(range: Range, { a, b, work }: Search): readonly Range[] {
  if (work <= 0) return [range];
  const anchors = uniqueAnchors(a.subarray(range.from, range.to), b.subarray(range.otherFrom, range.otherTo));
  const parts: Range[] = [];
  let [from, otherFrom] = [range.from, range.otherFrom];
  for (const { index, other } of anchors) {
    parts.push({ from, to: range.from + index, otherFrom, otherTo: range.otherFrom + other });
    [from, otherFrom] = [range.from + index + 1, range.otherFrom + other + 1];
  }
  parts.push({ from, to: range.to, otherFrom, otherTo: range.otherTo });
  return parts;
}
