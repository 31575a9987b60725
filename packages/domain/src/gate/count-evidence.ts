import {
  blockLogLikelihood,
  createOddsGrid,
  observeRollbackTest,
  openRollbackTest,
  type OddsGrid,
  type RollbackTest,
} from "@perch/stats";
import { addCounts, countsSince, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts } from "./block.ts";
import { LADDER_LOG_ODDS } from "./ladder.ts";
import { freezeReference, referenceFromBaseline, type Reference } from "./reference.ts";

/** What had been seen when the reference was frozen; before that, every block so far, so that its margin can join the grid. */
type BeforeReference = {
  readonly blocks: readonly ArmCounts[];
  readonly totals: ArmCounts;
  readonly logLikelihood: readonly number[];
};

/** What counts of bad sessions have shown: evidence of harm, and of non-inferiority within a margin. */
export type CountEvidence = {
  readonly kind: "counts";
  /** Δ, from which the reference makes an odds ratio. */
  readonly margin: number;
  readonly grid: OddsGrid;
  readonly reference: Reference | null;
  readonly beforeReference: BeforeReference;
  readonly totals: ArmCounts;
  /** Over the grid, all blocks. */
  readonly logLikelihood: readonly number[];
  readonly rollback: RollbackTest;
};

export function openCounts(margin: number, reference: Reference | null, plannedBlocks: number): CountEvidence {
  const grid = gridFor(reference);
  const logLikelihood = grid.logOdds.map(() => 0);
  return {
    kind: "counts",
    margin,
    grid,
    reference,
    beforeReference: { blocks: [], totals: NO_COUNTS, logLikelihood },
    totals: NO_COUNTS,
    logLikelihood,
    rollback: openRollbackTest(plannedBlocks),
  };
}

export function openCountsAt(margin: number, rate: number | null, plannedBlocks: number): CountEvidence {
  return openCounts(margin, rate === null ? null : freezeReference(rate, margin), plannedBlocks);
}

/** The evidence after one more block. */
export function observeCounts(evidence: CountEvidence, counts: ArmCounts): CountEvidence {
  const logLikelihood = blockLogLikelihood(counts, evidence.grid.logOdds);
  const atBets = evidence.grid.rollbackPoints.map((point) => logLikelihood[point] ?? 0);
  const seen = {
    ...evidence,
    totals: addCounts(evidence.totals, counts),
    logLikelihood: addAll(evidence.logLikelihood, logLikelihood),
    rollback: observeRollbackTest(evidence.rollback, atBets),
  };
  return evidence.reference === null ? withReference(seen, counts) : seen;
}

/** What non-inferiority may rest on: a margin chosen from a session may not be tested on it. */
export function sinceReference(evidence: CountEvidence): Pick<CountEvidence, "totals" | "logLikelihood"> {
  const { beforeReference, totals, logLikelihood } = evidence;
  if (beforeReference.totals === NO_COUNTS) return evidence;
  return {
    totals: countsSince(totals, beforeReference.totals),
    logLikelihood: logLikelihood.map((value, i) => value - (beforeReference.logLikelihood[i] ?? 0)),
  };
}

/** Freezes the reference if the baseline has enough sessions by now, and gives its margin a point of the grid. */
function withReference(evidence: CountEvidence, counts: ArmCounts): CountEvidence {
  const blocks = [...evidence.beforeReference.blocks, counts];
  const reference = referenceFromBaseline(evidence.totals, evidence.margin);
  if (reference === null) return { ...evidence, beforeReference: { ...evidence.beforeReference, blocks } };
  const grid = gridFor(reference);
  const nothing = grid.logOdds.map(() => 0);
  const logLikelihood = blocks
    .map((past) => blockLogLikelihood(past, grid.logOdds))
    .reduce((sum, past) => addAll(sum, past), nothing);
  const beforeReference = { blocks: [], totals: evidence.totals, logLikelihood };
  return { ...evidence, grid, reference, beforeReference, logLikelihood };
}

function gridFor(reference: Reference | null): OddsGrid {
  const margin = reference?.method === "odds-ratio" ? [reference.marginLogOdds] : [];
  return createOddsGrid([...LADDER_LOG_ODDS, ...margin]);
}

function addAll(a: readonly number[], b: readonly number[]): readonly number[] {
  // Once a block for every gate and grid point: a copy that is added to takes a quarter of the time of `map`.
  const sum = a.slice();
  for (let i = 0; i < sum.length; i += 1) sum[i] = (a[i] ?? 0) + (b[i] ?? 0);
  return sum;
}
