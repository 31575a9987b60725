/** The first repeat comes after a second, each later one after twice the time, none after more than this. */
const [FIRST_MS, MOST_MS] = [1000, 300_000];
/** Whoever is waited for is asked at least this often. */
const MOST_WAITED_FOR_MS = 30_000;

/** How long after its `attempts`-th failure a call is repeated. `spread`, 0..1, keeps many of them apart. */
export function retryDelayMs(
  attempts: number,
  { isWaitedFor, spread }: { isWaitedFor: boolean; spread: number },
): number {
  const most = isWaitedFor ? MOST_WAITED_FOR_MS : MOST_MS;
  return Math.min(most, FIRST_MS * 2 ** Math.min(attempts - 1, 20)) * (0.9 + 0.2 * spread);
}
