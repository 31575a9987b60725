export type Anchor = { readonly index: number; readonly other: number };

/**
 * Lines that occur once in A and once in B and stand in the same order in both: places where a text can be cut in two
 * without losing much. The longest such sequence, as in the patience diff.
 */
export function uniqueAnchors(a: Int32Array, b: Int32Array): readonly Anchor[] {
  const inA = placesOfUnique(a);
  const inB = placesOfUnique(b);
  const pairs: Anchor[] = [];
  for (const [line, index] of inA) {
    const other = inB.get(line);
    if (index >= 0 && other !== undefined && other >= 0) pairs.push({ index, other });
  }
  return longestIncreasing(pairs.sort((x, y) => x.index - y.index));
}

function placesOfUnique(lines: Int32Array): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (const [index, line] of lines.entries()) places.set(line, places.has(line) ? -1 : index);
  return places;
}

type Pile = { readonly pair: Anchor; readonly before: Pile | null };

function longestIncreasing(pairs: readonly Anchor[]): readonly Anchor[] {
  const piles: Pile[] = [];
  for (const pair of pairs) {
    const place = firstPileAbove(piles, pair.other);
    piles[place] = { pair, before: piles[place - 1] ?? null };
  }
  const result: Anchor[] = [];
  for (let pile = piles.at(-1) ?? null; pile !== null; pile = pile.before) result.push(pile.pair);
  return result.reverse();
}

function firstPileAbove(piles: readonly Pile[], other: number): number {
  let [low, high] = [0, piles.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((piles[middle]?.pair.other ?? Infinity) < other) low = middle + 1;
    else high = middle;
  }
  return low;
}
