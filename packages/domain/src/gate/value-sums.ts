import type { LogSample } from "@perch/stats";

/** Running sums of one arm's values, for what people read. */
export type ValueSums = {
  readonly sessions: number;
  readonly sum: number;
  /** Of natural logarithms; not a number once a value was not above 0. */
  readonly logSum: number;
  readonly logSquares: number;
};

export const NO_VALUES: ValueSums = { sessions: 0, sum: 0, logSum: 0, logSquares: 0 };

export function addValues(sums: ValueSums, values: readonly number[]): ValueSums {
  let { sum, logSum, logSquares } = sums;
  for (const value of values) {
    const log = value > 0 ? Math.log(value) : Number.NaN;
    sum += value;
    logSum += log;
    logSquares += log * log;
  }
  return { sessions: sums.sessions + values.length, sum, logSum, logSquares };
}

export function meanOfSums({ sessions, sum }: ValueSums): number | null {
  return sessions === 0 ? null : sum / sessions;
}

/** Null where logarithms say nothing: fewer than two sessions, or a value of 0. */
export function logSampleOf({ sessions, logSum, logSquares }: ValueSums): LogSample | null {
  if (sessions < 2 || !Number.isFinite(logSum)) return null;
  const mean = logSum / sessions;
  return { sessions, mean, variance: Math.max(0, (logSquares - logSum * mean) / (sessions - 1)) };
}
