import {
  observeRollbackTest,
  openRollbackTest,
  rateLogLikelihood,
  ROLLBACK_LOG_ODDS,
  type RollbackTest,
} from "@perch/stats";
import { addCounts, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts } from "./block.ts";
import type { AbsoluteGate } from "./gate-spec.ts";

/** What the canary's own sessions have shown about a promise: no baseline is beside it. */
export type AbsoluteEvidence = {
  readonly kind: "absolute";
  readonly gate: AbsoluteGate;
  /** The largest rate of bad sessions that keeps the promise. */
  readonly bound: number;
  readonly totals: ArmCounts;
  readonly rollback: RollbackTest;
};

export function openAbsolute(gate: AbsoluteGate, plannedBlocks: number): AbsoluteEvidence {
  return { kind: "absolute", gate, bound: boundOf(gate), totals: NO_COUNTS, rollback: openRollbackTest(plannedBlocks) };
}

export function observeAbsolute(evidence: AbsoluteEvidence, counts: ArmCounts): AbsoluteEvidence {
  const seen = { sessions: counts.canarySessions, bad: counts.canaryBad };
  return {
    ...evidence,
    totals: addCounts(evidence.totals, counts),
    rollback: observeRollbackTest(evidence.rollback, rateLogLikelihood(seen, evidence.bound, ROLLBACK_LOG_ODDS)),
  };
}

/** The largest rate of bad sessions: what the objective says of a rate, or what its quantile leaves. */
export function boundOf({ objective, q }: AbsoluteGate): number {
  if (q !== null) return 1 - q;
  return "max" in objective ? objective.max : 1 - objective.min;
}
