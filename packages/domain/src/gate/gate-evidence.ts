import {
  blockLogLikelihood,
  createOddsGrid,
  observeRollbackTest,
  openRollbackTest,
  type OddsGrid,
  type RollbackTest,
} from "@perch/stats";
import { addCounts, countsSince, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, Block } from "./block.ts";
import { largestBadRate } from "./gate-problems.ts";
import type { GateSpec } from "./gate-spec.ts";
import { LADDER_LOG_ODDS } from "./ladder.ts";
import { mergeWindow, NO_WINDOWS, type MergedWindows } from "./merged-windows.ts";
import { freezeReference, referenceFromBaseline, type Reference } from "./reference.ts";

/** Canary sessions before a gate may reject. Not needed for validity; a rollback on a handful convinces nobody. */
const MIN_CANARY_SESSIONS_TO_REJECT = 10;
const FAST_PATH_DIVISOR = 5;

/** What had been seen when the reference was frozen; before that, every block so far, so that its margin can join the grid. */
type BeforeReference = {
  readonly blocks: readonly ArmCounts[];
  readonly totals: ArmCounts;
  readonly logLikelihood: readonly number[];
};

/** Everything one gate has learnt over the whole rollout. */
export type GateEvidence = {
  readonly gate: GateSpec;
  readonly grid: OddsGrid;
  readonly reference: Reference | null;
  readonly beforeReference: BeforeReference;
  readonly totals: ArmCounts;
  /** Over the grid, all blocks. */
  readonly logLikelihood: readonly number[];
  readonly rollback: RollbackTest;
  /** Why the gate rejects. Once set it stays: later sessions cannot take evidence back. */
  readonly rejectedBecause: "evidence" | "slo" | null;
  /** By step, so that clean windows are always those of the step that is to be left. */
  readonly windows: Readonly<Record<number, MergedWindows>>;
};

export type EvidenceSettings = {
  readonly windowMs: number;
  readonly consecutiveFailureLimit: number;
  readonly plannedBlocks: number;
};

/** ln(1/α_g): where evidence alone rejects. */
export function rejectAtLogE(gate: GateSpec): number {
  return -Math.log(gate.alpha);
}

/** ln(1/(5α_g)): the evidence that broken windows need besides (`statistics.md` 3.9.1). */
export function fastPathAtLogE(gate: GateSpec): number {
  return Math.max(0, -Math.log(FAST_PATH_DIVISOR * gate.alpha));
}

export function openGateEvidence(gate: GateSpec, referenceRate: number | null, plannedBlocks: number): GateEvidence {
  const reference = referenceRate === null ? null : freezeReference(referenceRate, gate.margin);
  const grid = gridFor(reference);
  const logLikelihood = grid.logOdds.map(() => 0);
  return {
    gate,
    grid,
    reference,
    beforeReference: { blocks: [], totals: NO_COUNTS, logLikelihood },
    totals: NO_COUNTS,
    logLikelihood,
    rollback: openRollbackTest(plannedBlocks),
    rejectedBecause: null,
    windows: {},
  };
}

/** The gate's evidence after one more block. */
export function observeGate(evidence: GateEvidence, block: Block, settings: EvidenceSettings): GateEvidence {
  const counts = block.counts[evidence.gate.name] ?? NO_COUNTS;
  const logLikelihood = blockLogLikelihood(counts, evidence.grid.logOdds);
  const atBets = evidence.grid.rollbackPoints.map((point) => logLikelihood[point] ?? 0);
  const windows = windowsAfter(evidence, { block, counts }, settings.windowMs);
  const seen = {
    ...evidence,
    totals: addCounts(evidence.totals, counts),
    logLikelihood: addAll(evidence.logLikelihood, logLikelihood),
    rollback: observeRollbackTest(evidence.rollback, atBets),
    windows: { ...evidence.windows, [block.step]: windows },
  };
  const judged = { ...seen, rejectedBecause: seen.rejectedBecause ?? rejection(seen, windows, settings) };
  return evidence.reference === null ? withReference(judged, counts) : judged;
}

/** The merged windows of a step; none yet is a value too. */
export function windowsOf(evidence: GateEvidence, step: number): MergedWindows {
  return evidence.windows[step] ?? NO_WINDOWS;
}

/** What non-inferiority may rest on: a margin chosen from a session may not be tested on it. */
export function sinceReference(evidence: GateEvidence): Pick<GateEvidence, "totals" | "logLikelihood"> {
  const { beforeReference, totals, logLikelihood } = evidence;
  if (beforeReference.totals === NO_COUNTS) return evidence;
  return {
    totals: countsSince(totals, beforeReference.totals),
    logLikelihood: logLikelihood.map((value, i) => value - (beforeReference.logLikelihood[i] ?? 0)),
  };
}

function windowsAfter(
  evidence: GateEvidence,
  { block, counts }: { readonly block: Block; readonly counts: ArmCounts },
  windowMs: number,
): MergedWindows {
  const part = {
    openedAt: block.openedAt,
    closedAt: block.closedAt,
    sessions: counts.canarySessions,
    bad: counts.canaryBad,
  };
  const rule = { windowMs, largestBadRate: largestBadRate(evidence.gate) };
  return mergeWindow(windowsOf(evidence, block.step), part, rule);
}

function rejection(
  { gate, rollback, totals }: GateEvidence,
  windows: MergedWindows,
  { consecutiveFailureLimit }: EvidenceSettings,
): "evidence" | "slo" | null {
  if (totals.canarySessions < MIN_CANARY_SESSIONS_TO_REJECT) return null;
  if (rollback.peakLogE >= rejectAtLogE(gate)) return "evidence";
  // Looked at when a window ends, not block by block after it: extra looks would cost false rollbacks.
  const isBroken = windows.open === null && windows.broken >= consecutiveFailureLimit;
  return isBroken && rollback.logE >= fastPathAtLogE(gate) ? "slo" : null;
}

/** Freezes the reference if the baseline has enough sessions by now, and gives its margin a point of the grid. */
function withReference(evidence: GateEvidence, counts: ArmCounts): GateEvidence {
  const blocks = [...evidence.beforeReference.blocks, counts];
  const reference = referenceFromBaseline(evidence.totals, evidence.gate.margin);
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
