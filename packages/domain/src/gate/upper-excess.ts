import { confidenceSequence, differenceAt } from "@perch/stats";
import { countsIn } from "./counts-in.ts";
import type { GateEvidence } from "./gate-evidence.ts";

/** α of the confidence sequence that the excess is read from. */
const ALPHA = 0.05;

/**
 * U: the largest excess of the canary's rate of bad sessions over the baseline's that the evidence does not exclude, over
 * all guardrails that compare rates; null without one. The upper end of the 95 % confidence sequence (`statistics.md` 3.2), so it may be
 * looked at after every block.
 */
export function upperExcess(gates: readonly GateEvidence[]): number | null {
  const excesses = gates
    .filter(({ gate }) => gate.role === "guardrail")
    .flatMap(({ learnt }) => countsIn(learnt) ?? [])
    .map(({ grid, logLikelihood, totals }) =>
      differenceAt(confidenceSequence(grid, logLikelihood, ALPHA).high, totals),
    );
  return excesses.length === 0 ? null : Math.max(...excesses);
}
