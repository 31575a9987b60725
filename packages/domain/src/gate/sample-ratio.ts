import { logEvidenceOfMismatch } from "@perch/stats";
import type { Block } from "./block.ts";

/** α = 0.1 % (`statistics.md` 3.7). */
export const SAMPLE_RATIO_ALARM = Math.log(1000);

type Span = { readonly baseline: number; readonly canary: number };

/** Sessions per arm in each step, and the evidence that they are not split as the weights say. */
export type SampleRatio = {
  readonly spans: Readonly<Record<number, Span>>;
  readonly logE: number;
  readonly peakLogE: number;
};

export const NO_SAMPLES: SampleRatio = { spans: {}, logE: 0, peakLogE: 0 };

/** One factor a step, because each has its own weight; the factors multiply. An alarm stays: a person must look at it. */
export function observeSampleRatio(ratio: SampleRatio, block: Block, weightsBp: readonly number[]): SampleRatio {
  const before = ratio.spans[block.step] ?? { baseline: 0, canary: 0 };
  const after = { baseline: before.baseline + block.baselineSessions, canary: before.canary + block.canarySessions };
  const weight = (weightsBp[block.step] ?? 0) / 10_000;
  const gain =
    logEvidenceOfMismatch(after.baseline, after.canary, weight) -
    logEvidenceOfMismatch(before.baseline, before.canary, weight);
  const logE = ratio.logE + gain;
  return {
    spans: { ...ratio.spans, [block.step]: after },
    logE,
    peakLogE: Math.max(ratio.peakLogE, logE),
  };
}
