import type { Share } from "../mean/share-out.ts";

/**
 * x = 2 (mean_j (1[c > b_j] + ½ 1[c = b_j]) − ½), from −1 to 1: how far one canary session's value lies above those of its
 * own baseline sessions. Its expectation is 0 when both arms have one distribution, so `observeBetting` with lowest −1
 * makes the sequential Mann–Whitney test of "canary values are larger". Source: `statistics.md` 3.5; Shekhar & Ramdas
 * (arXiv 2112.09162) on two-sample betting.
 */
export function shiftedOrder({ canary, baseline }: Share): number {
  let above = 0;
  for (const value of baseline) above += canary > value ? 1 : canary === value ? 0.5 : 0;
  return 2 * (above / baseline.length - 0.5);
}
