import { logEvidenceOfMismatch } from "@perch/stats";
import type { AssignedSessions, Block } from "./block.ts";

/** α = 0.1 % (`statistics.md` 3.7). */
export const SAMPLE_RATIO_ALARM = Math.log(1000);

/** Sessions assigned per arm in each step, and the evidence that they are not split as the weights say. */
export type SampleRatio = {
  readonly steps: Readonly<Record<number, AssignedSessions>>;
  readonly logE: number;
  readonly peakLogE: number;
};

export const NO_SAMPLES: SampleRatio = { steps: {}, logE: 0, peakLogE: 0 };

/** One factor a step, because each has its own weight; the factors multiply. An alarm stays: a person must look at it. */
export function observeSampleRatio(ratio: SampleRatio, block: Block, weightsBp: readonly number[]): SampleRatio {
  const steps = { ...ratio.steps, [block.step]: block.assigned };
  let logE = 0;
  for (const [step, { baseline, canary }] of Object.entries(steps)) {
    logE += logEvidenceOfMismatch(baseline, canary, (weightsBp[Number(step)] ?? 0) / 10_000);
  }
  return { steps, logE, peakLogE: Math.max(ratio.peakLogE, logE) };
}
