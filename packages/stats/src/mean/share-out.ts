/** One canary session's value beside its own baseline sessions of the same block. */
export type Share = { readonly canary: number; readonly baseline: readonly number[] };

/**
 * A block's sessions shared out: each canary session gets ⌊n_b/n_c⌋ baseline sessions of its own, in the order of arrival.
 * With fewer baseline than canary sessions there is one share, of both arms' means. A block that lacks an arm has none.
 * Values in the order of arrival. Source: `statistics.md` 3.5.
 */
export function shareOut(canary: readonly number[], baseline: readonly number[]): readonly Share[] {
  if (canary.length === 0 || baseline.length === 0) return [];
  if (baseline.length < canary.length) return [{ canary: meanOf(canary), baseline: [meanOf(baseline)] }];
  const each = Math.floor(baseline.length / canary.length);
  return canary.map((value, i) => ({ canary: value, baseline: baseline.slice(i * each, (i + 1) * each) }));
}

export function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
