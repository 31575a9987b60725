/** How many values fell between which bounds, as Prometheus counts them. Plain numbers: one is kept for every turn. */
export type Distribution = {
  readonly bounds: readonly number[];
  /** Of each bound those up to it and above the one before; one more for what is above all. */
  readonly counts: number[];
  sum: number;
};

export function createDistribution(bounds: readonly number[]): Distribution {
  return { bounds, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
}

export function observe(distribution: Distribution, value: number): void {
  const { bounds, counts } = distribution;
  let at = 0;
  while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
  counts[at] = (counts[at] ?? 0) + 1;
  distribution.sum += value;
}
