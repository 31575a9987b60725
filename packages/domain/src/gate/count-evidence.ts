import {
  blockLogLikelihood,
  createOddsGrid,
  nearestPoint,
  observeRollbackTest,
  observeSprt,
  openRollbackTest,
  openSprt,
  type OddsGrid,
  type RollbackTest,
  type SprtTest,
} from "@perch/stats";
import { addCounts, countsSince, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts } from "./block.ts";
import type { CountGate } from "./gate-spec.ts";
import { LADDER_LOG_ODDS } from "./ladder.ts";
import { freezeReference, logOddsOfRise, referenceFromBaseline, type Reference } from "./reference.ts";

/** What had been seen when the reference was frozen; before that, every block so far, so that its margin can join the grid. */
type BeforeReference = {
  readonly blocks: readonly ArmCounts[];
  readonly totals: ArmCounts;
  readonly logLikelihood: readonly number[];
};

/** What a gate that counts asks for. */
export type CountRule = Pick<CountGate, "margin" | "mde">;

/**
 * Evidence of harm. `sprt`: of one designed odds ratio; null until the reference is frozen, from which the design follows, and
 * nothing is tested before.
 */
export type HarmTest =
  { readonly kind: "mixture"; readonly test: RollbackTest } | { readonly kind: "sprt"; readonly test: SprtTest | null };

/** What counts of bad sessions have shown: evidence of harm, and of non-inferiority within a margin. */
export type CountEvidence = {
  readonly kind: "counts";
  /** Differences of rates, from which the reference makes odds ratios. */
  readonly rule: CountRule;
  readonly grid: OddsGrid;
  readonly reference: Reference | null;
  readonly beforeReference: BeforeReference;
  readonly totals: ArmCounts;
  /** Over the grid, all blocks. */
  readonly logLikelihood: readonly number[];
  readonly harm: HarmTest;
};

export function openCounts(rule: CountRule, reference: Reference | null, plannedBlocks: number): CountEvidence {
  const grid = gridFor(rule, reference);
  const logLikelihood = grid.logOdds.map(() => 0);
  return {
    kind: "counts",
    rule,
    grid,
    reference,
    beforeReference: { blocks: [], totals: NO_COUNTS, logLikelihood },
    totals: NO_COUNTS,
    logLikelihood,
    harm: openHarm(rule, reference, plannedBlocks),
  };
}

export function openCountsAt(rule: CountRule, rate: number | null, plannedBlocks: number): CountEvidence {
  return openCounts(rule, rate === null ? null : freezeReference(rate, rule.margin), plannedBlocks);
}

/** ln E of harm by now. */
export function logHarmOfCounts({ harm }: CountEvidence): number {
  return harm.test?.logE ?? 0;
}

/** ln of the odds ratio that the test of harm is designed for; null for one that bets on any, and before the reference. */
export function designOf({ harm }: CountEvidence): number | null {
  return harm.kind === "sprt" ? (harm.test?.logOddsRatio ?? null) : null;
}

/** The evidence after one more block. */
export function observeCounts(evidence: CountEvidence, counts: ArmCounts): CountEvidence {
  const logLikelihood = blockLogLikelihood(counts, evidence.grid.logOdds);
  const seen = {
    ...evidence,
    totals: addCounts(evidence.totals, counts),
    logLikelihood: addAll(evidence.logLikelihood, logLikelihood),
    harm: observeHarm(evidence, logLikelihood),
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
  const { rule } = evidence;
  const reference = referenceFromBaseline(evidence.totals, rule.margin);
  if (reference === null) return { ...evidence, beforeReference: { ...evidence.beforeReference, blocks } };
  const grid = gridFor(rule, reference);
  const nothing = grid.logOdds.map(() => 0);
  const logLikelihood = blocks
    .map((past) => blockLogLikelihood(past, grid.logOdds))
    .reduce((sum, past) => addAll(sum, past), nothing);
  const beforeReference = { blocks: [], totals: evidence.totals, logLikelihood };
  const harm = rule.mde === undefined ? evidence.harm : designFor(rule.mde, reference);
  return { ...evidence, grid, reference, beforeReference, logLikelihood, harm };
}

function openHarm({ mde }: CountRule, reference: Reference | null, plannedBlocks: number): HarmTest {
  return mde === undefined ? { kind: "mixture", test: openRollbackTest(plannedBlocks) } : designFor(mde, reference);
}

function designFor(mde: number, reference: Reference | null): HarmTest {
  return { kind: "sprt", test: reference && openSprt(logOddsOfRise(reference.rate, mde)) };
}

function observeHarm({ harm, grid }: CountEvidence, logLikelihood: readonly number[]): HarmTest {
  const at = (point: number): number => logLikelihood[point] ?? 0;
  if (harm.kind === "mixture") return { ...harm, test: observeRollbackTest(harm.test, grid.rollbackPoints.map(at)) };
  const { test } = harm;
  return { ...harm, test: test && observeSprt(test, at(nearestPoint(grid.logOdds, test.logOddsRatio))) };
}

/** Of a designed test also the design; its other side, which accepts, bets on "no difference" alone (`statistics.md` 3.3). */
function gridFor({ mde }: CountRule, reference: Reference | null): OddsGrid {
  const margin = reference?.method === "odds-ratio" ? [reference.marginLogOdds] : [];
  const exact = [...LADDER_LOG_ODDS, ...margin];
  if (mde === undefined) return createOddsGrid(exact);
  return createOddsGrid(reference === null ? exact : [...exact, logOddsOfRise(reference.rate, mde)], [0]);
}

function addAll(a: readonly number[], b: readonly number[]): readonly number[] {
  // Once a block for every gate and grid point: a copy that is added to takes a quarter of the time of `map`.
  const sum = a.slice();
  for (let i = 0; i < sum.length; i += 1) sum[i] = (a[i] ?? 0) + (b[i] ?? 0);
  return sum;
}
