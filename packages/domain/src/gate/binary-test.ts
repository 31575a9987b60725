import {
  blockLogLikelihood,
  observeRollbackTest,
  openRollbackTest,
  ROLLBACK_LOG_ODDS,
  type RollbackTest,
} from "@perch/stats";
import { addCounts, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts } from "./block.ts";

/** One of several yes-or-no questions inside a gate: "are more of the canary's sessions like this?", and no more than that. */
export type BinaryTest = { readonly totals: ArmCounts; readonly rollback: RollbackTest };

export function openBinary(plannedBlocks: number): BinaryTest {
  return { totals: NO_COUNTS, rollback: openRollbackTest(plannedBlocks) };
}

export function observeBinary(test: BinaryTest, counts: ArmCounts): BinaryTest {
  return {
    totals: addCounts(test.totals, counts),
    rollback: observeRollbackTest(test.rollback, blockLogLikelihood(counts, ROLLBACK_LOG_ODDS)),
  };
}
