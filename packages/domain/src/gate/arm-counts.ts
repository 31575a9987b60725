import type { ArmCounts } from "./block.ts";

export const NO_COUNTS: ArmCounts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };

export function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  return {
    baselineSessions: a.baselineSessions + b.baselineSessions,
    baselineBad: a.baselineBad + b.baselineBad,
    canarySessions: a.canarySessions + b.canarySessions,
    canaryBad: a.canaryBad + b.canaryBad,
  };
}

/** What `a` has beyond `b`, an earlier state of the same totals. */
export function countsSince(a: ArmCounts, b: ArmCounts): ArmCounts {
  return {
    baselineSessions: a.baselineSessions - b.baselineSessions,
    baselineBad: a.baselineBad - b.baselineBad,
    canarySessions: a.canarySessions - b.canarySessions,
    canaryBad: a.canaryBad - b.canaryBad,
  };
}
