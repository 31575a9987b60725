/** Signs of life from which it can be told how far apart they usually are. */
const MIN_SIGNS = 4;
/** A gap is a silence when it is so many times as long as usual: of signs that come by chance one in a thousand is. */
const TIMES_AS_LONG = 10;
/** And so large a part of the stretch that is asked about. */
const LEAST_SHARE = 1 / 3;

/** `since`: from when on all signs of life are known. */
export type Stretch = { readonly from: number; readonly to: number; readonly since: number };

/**
 * Whether nothing was heard of an arm for part of a stretch in which it should have been, so that what its sessions did then may
 * be lost. An arm with little traffic is seldom heard of; that is no silence. `life`: its signs of life in order, from some time
 * before the stretch.
 */
export function wasSilent(life: readonly number[], stretch: Stretch): boolean {
  const gap = longestGap(life, stretch);
  // The usual gap is asked for where it decides: to tell it, all of them are sorted.
  return gap > (stretch.to - stretch.from) * LEAST_SHARE && gap > TIMES_AS_LONG * usualGap(life);
}

/** Of the gaps that reach into the stretch. */
function longestGap(life: readonly number[], { from, to, since }: Stretch): number {
  // What was before is not known; that nothing was heard from then on is.
  let before = Math.min(from, since);
  let longest = 0;
  for (const at of life) {
    if (before >= to) return longest;
    if (at > from) longest = Math.max(longest, at - before);
    before = at;
  }
  return Math.max(longest, to - before);
}

/** The median; 0 where it cannot be told. */
function usualGap(life: readonly number[]): number {
  if (life.length < MIN_SIGNS) return 0;
  const gaps = life.slice(1).map((at, i) => at - (life[i] ?? at));
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
}
