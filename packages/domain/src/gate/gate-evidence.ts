import {
  blockLogLikelihood,
  createOddsGrid,
  observeRollbackTest,
  openRollbackTest,
  type OddsGrid,
  type RollbackTest,
} from "@perch/stats";
import type { ArmCounts, Block } from "./block.ts";
import { largestBadRate } from "./gate-problems.ts";
import type { GateSpec } from "./gate-spec.ts";
import { LADDER_LOG_ODDS } from "./ladder.ts";
import { mergeWindow, NO_WINDOWS, type MergedWindows } from "./merged-windows.ts";
import { freezeReference, referenceFromBaseline, type Reference } from "./reference.ts";

/** Canary sessions before a gate may reject. Not needed for validity; a rollback on a handful convinces nobody. */
const MIN_CANARY_SESSIONS_TO_REJECT = 10;
const FAST_PATH_DIVISOR = 5;

const NO_COUNTS: ArmCounts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };

/** What one gate has seen in one step. Promotion rests on this, so that a good first hour does not carry a later step. */
export type StepEvidence = {
  readonly windows: MergedWindows;
  /** Sessions and log-likelihood of the blocks after the reference was frozen. */
  readonly counts: ArmCounts;
  readonly logLikelihood: readonly number[];
};

/** Everything one gate has learnt over the whole rollout. */
export type GateEvidence = {
  readonly gate: GateSpec;
  readonly grid: OddsGrid;
  readonly reference: Reference | null;
  /** Blocks seen before the reference, kept so that its margin can join the grid exactly. */
  readonly beforeReference: readonly ArmCounts[];
  readonly totals: ArmCounts;
  readonly logLikelihood: readonly number[];
  readonly rollback: RollbackTest;
  /** Why the gate rejects. Once set it stays: later sessions cannot take evidence back. */
  readonly rejectedBecause: "evidence" | "slo" | null;
  readonly steps: Readonly<Record<number, StepEvidence>>;
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
  return {
    gate,
    grid,
    reference,
    beforeReference: [],
    totals: NO_COUNTS,
    logLikelihood: grid.logOdds.map(() => 0),
    rollback: openRollbackTest(plannedBlocks),
    rejectedBecause: null,
    steps: {},
  };
}

/** The gate's evidence after one more block. */
export function observeGate(evidence: GateEvidence, block: Block, settings: EvidenceSettings): GateEvidence {
  const counts = block.counts[evidence.gate.name] ?? NO_COUNTS;
  const logLikelihood = blockLogLikelihood(counts, evidence.grid.logOdds);
  const rollback = observeRollbackTest(
    evidence.rollback,
    evidence.grid.rollbackPoints.map((point) => logLikelihood[point] ?? 0),
  );
  const step = observeStep(evidence, { block, counts, logLikelihood }, settings.windowMs);
  const totals = addCounts(evidence.totals, counts);
  const seen = {
    ...evidence,
    totals,
    logLikelihood: addAll(evidence.logLikelihood, logLikelihood),
    rollback,
    rejectedBecause: evidence.rejectedBecause ?? rejection(evidence.gate, { rollback, totals, step }, settings),
    steps: { ...evidence.steps, [block.step]: step },
  };
  return evidence.reference === null ? withReference(seen, counts) : seen;
}

/** What the gate has seen in a step; nothing yet is a value too. */
export function stepEvidenceOf(evidence: GateEvidence, step: number): StepEvidence {
  return (
    evidence.steps[step] ?? {
      windows: NO_WINDOWS,
      counts: NO_COUNTS,
      logLikelihood: evidence.grid.logOdds.map(() => 0),
    }
  );
}

type Observed = { readonly block: Block; readonly counts: ArmCounts; readonly logLikelihood: readonly number[] };

function observeStep(evidence: GateEvidence, observed: Observed, windowMs: number): StepEvidence {
  const { block, counts } = observed;
  const before = stepEvidenceOf(evidence, block.step);
  const part = {
    openedAt: block.openedAt,
    closedAt: block.closedAt,
    sessions: counts.canarySessions,
    bad: counts.canaryBad,
  };
  const windows = mergeWindow(before.windows, part, { windowMs, largestBadRate: largestBadRate(evidence.gate) });
  // A margin chosen from these very sessions may not be tested on them.
  if (evidence.reference === null) return { ...before, windows };
  return {
    windows,
    counts: addCounts(before.counts, counts),
    logLikelihood: addAll(before.logLikelihood, observed.logLikelihood),
  };
}

function rejection(
  gate: GateSpec,
  { rollback, totals, step }: { rollback: RollbackTest; totals: ArmCounts; step: StepEvidence },
  { consecutiveFailureLimit }: EvidenceSettings,
): "evidence" | "slo" | null {
  if (totals.canarySessions < MIN_CANARY_SESSIONS_TO_REJECT) return null;
  if (rollback.peakLogE >= rejectAtLogE(gate)) return "evidence";
  const isBroken = step.windows.broken >= consecutiveFailureLimit;
  return isBroken && rollback.logE >= fastPathAtLogE(gate) ? "slo" : null;
}

/** Freezes the reference if the baseline has enough sessions by now, and gives its margin a point of the grid. */
function withReference(evidence: GateEvidence, counts: ArmCounts): GateEvidence {
  const beforeReference = [...evidence.beforeReference, counts];
  const reference = referenceFromBaseline(evidence.totals, evidence.gate.margin);
  if (reference === null) return { ...evidence, beforeReference };
  const grid = gridFor(reference);
  const logLikelihood = beforeReference
    .map((past) => blockLogLikelihood(past, grid.logOdds))
    .reduce(
      addAll,
      grid.logOdds.map(() => 0),
    );
  const steps = Object.fromEntries(
    Object.entries(evidence.steps).map(([step, { windows, counts }]) => [
      step,
      { windows, counts, logLikelihood: grid.logOdds.map(() => 0) },
    ]),
  );
  return { ...evidence, grid, reference, beforeReference: [], logLikelihood, steps };
}

function gridFor(reference: Reference | null): OddsGrid {
  const margin = reference?.method === "odds-ratio" ? [reference.marginLogOdds] : [];
  return createOddsGrid([...LADDER_LOG_ODDS, ...margin]);
}

function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  return {
    baselineSessions: a.baselineSessions + b.baselineSessions,
    baselineBad: a.baselineBad + b.baselineBad,
    canarySessions: a.canarySessions + b.canarySessions,
    canaryBad: a.canaryBad + b.canaryBad,
  };
}

function addAll(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, i) => value + (b[i] ?? 0));
}
