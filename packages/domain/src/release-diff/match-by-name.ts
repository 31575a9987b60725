type Named = { readonly name: string };
export type Matched<T> = {
  readonly pairs: readonly { readonly before: T; readonly after: T }[];
  readonly removed: readonly T[];
  readonly added: readonly T[];
};

/** From this similarity on, a part that is gone and one that is new count as one that was renamed. */
const RENAMED_FROM = 0.6;
/** More than this many possible renames are not looked at: then parts count as removed and added. */
const MOST_PAIRS = 10_000;

/**
 * Which part of A is which part of B: by name, and what is left by similarity, the most similar first, one to one. The
 * same pairs in both directions.
 */
export function matchByName<T extends Named>(
  lists: { readonly before: readonly T[]; readonly after: readonly T[] },
  similarity: (before: T, after: T) => number,
): Matched<T> {
  const after = new Map(lists.after.map((part) => [part.name, part]));
  const before = new Map(lists.before.map((part) => [part.name, part]));
  const removed = lists.before.filter(({ name }) => !after.has(name));
  const added = lists.after.filter(({ name }) => !before.has(name));
  const renames = findRenames(removed, added, similarity);
  const renamedFrom = new Map(renames.map((pair) => [pair.after.name, pair.before]));
  const gone = new Set(renames.map((pair) => pair.before));
  return {
    pairs: lists.after.flatMap((part) => {
      const match = before.get(part.name) ?? renamedFrom.get(part.name);
      return match === undefined ? [] : [{ before: match, after: part }];
    }),
    removed: removed.filter((part) => !gone.has(part)),
    added: added.filter(({ name }) => !renamedFrom.has(name)),
  };
}

type Rename<T> = { readonly before: T; readonly after: T; readonly score: number };

function findRenames<T extends Named>(
  removed: readonly T[],
  added: readonly T[],
  similarity: (before: T, after: T) => number,
): readonly Rename<T>[] {
  if (removed.length * added.length > MOST_PAIRS) return [];
  const candidates = removed
    .flatMap((before) => added.map((after) => ({ before, after, score: similarity(before, after) })))
    .filter(({ score }) => score >= RENAMED_FROM)
    .sort((a, b) => b.score - a.score || (tieOf(a) < tieOf(b) ? -1 : 1));
  const taken = new Set<T>();
  return candidates.filter(({ before, after }) => {
    if (taken.has(before) || taken.has(after)) return false;
    taken.add(before).add(after);
    return true;
  });
}

// Independent of the direction, so that the way back finds the same pairs.
function tieOf({ before, after }: Rename<Named>): string {
  return [before.name, after.name].sort().join(" ");
}

/** The names of the parts that both have, in both orders; null when the order is the same. */
export function changedOrder<T extends Named>(
  pairs: Matched<T>["pairs"],
  before: readonly T[],
): { readonly from: readonly string[]; readonly to: readonly string[] } | null {
  const places = new Map(before.map((part, index) => [part, index]));
  const placed = pairs.map((pair) => ({ ...pair, place: places.get(pair.before) ?? 0 }));
  const isSame = placed.every(({ place }, index) => index === 0 || place > (placed[index - 1]?.place ?? -1));
  if (isSame) return null;
  const from = placed.toSorted((a, b) => a.place - b.place).map((pair) => pair.before.name);
  return { from, to: pairs.map(({ after }) => after.name) };
}
