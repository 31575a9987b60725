/** Signs of life from which it can be told how far apart they usually are. */
const MIN_SIGNS = 4;
/** A gap is a silence when it is so many times as long as usual: of signs that come by chance one in a thousand is. */
const TIMES_AS_LONG = 10;
/** And so large a part of the stretch that is asked about. */
const LEAST_SHARE = 1 / 3;

/**
 * Whether nothing was heard of an arm for part of a stretch in which it should have been, so that what its sessions did then may
 * be lost. An arm with little traffic is seldom heard of; that is no silence. `life`: its signs of life in order, from some time
 * before the stretch.
 */
export function wasSilent(
  life: readonly number[],
  { from, to, since }: { readonly from: number; readonly to: number; readonly since: number },
): boolean {
  const limit = Math.max((to - from) * LEAST_SHARE, TIMES_AS_LONG * usualGap(life));
  // What was before is not known; that nothing was heard from then on is.
  let before = Math.min(from, since);
  for (const at of life) {
    if (before >= to) return false;
    if (at > from && at - before > limit) return true;
    before = at;
  }
  return to - before > limit;
}

/** The median; 0 where it cannot be told. */
function usualGap(life: readonly number[]): number {
  if (life.length < MIN_SIGNS) return 0;
  const gaps = life.slice(1).map((at, i) => at - (life[i] ?? at));
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
}
