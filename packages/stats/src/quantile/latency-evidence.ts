import { logSumExp } from "../numeric/log-sum-exp.ts";

/** Evidence of a latency gate, each ln E: three exceedance tests, and the sequential Mann–Whitney test. */
export type LatencyEvidence = {
  /** Tests of "slower than the frozen 50th, 95th and 99th percentile of the baseline". */
  readonly exceedance: readonly number[];
  readonly shift: number;
};

/**
 * ln E of the gate: half of the money on the mean of the exceedance tests, which finds slow tails, and half on the
 * Mann–Whitney test, which finds a shift of everything. A mean of e-processes that read the same blocks at the same time
 * is one. Source: `statistics.md` 3.5.
 */
export function logLatencyEvidence({ exceedance, shift }: LatencyEvidence): number {
  if (exceedance.length === 0) return shift;
  const mean = logSumExp(exceedance) - Math.log(exceedance.length);
  return logSumExp([mean, shift]) - Math.LN2;
}
