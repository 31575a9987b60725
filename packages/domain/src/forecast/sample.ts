/** As many values as say how a metric spreads; more cost time. */
const MOST_VALUES = 400;

/** Evenly spaced ranks of the baseline's values, in rising order. */
export function sampleOf(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length <= MOST_VALUES) return sorted;
  return Array.from(
    { length: MOST_VALUES },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / MOST_VALUES)] ?? 0,
  );
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) ** 2));
}

/** The share of values that lie above a limit. */
export function shareAbove(values: readonly number[], limit: number): number {
  return values.filter((value) => value > limit).length / Math.max(1, values.length);
}
