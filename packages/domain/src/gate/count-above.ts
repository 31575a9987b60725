import type { ArmCounts, ArmValues } from "./block.ts";

/** How many sessions of each arm have a value above its limit. */
export function countAbove({ baseline, canary }: ArmValues, limit: { baseline: number; canary: number }): ArmCounts {
  return {
    baselineSessions: baseline.length,
    baselineBad: baseline.filter((value) => value > limit.baseline).length,
    canarySessions: canary.length,
    canaryBad: canary.filter((value) => value > limit.canary).length,
  };
}
