import { observeAbsolute, openAbsolute, type AbsoluteEvidence } from "./absolute-evidence.ts";
import { NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, ArmValues, Block } from "./block.ts";
import { countAbove } from "./count-above.ts";
import { logHarmOfCounts, observeCounts, openCountsAt, type CountEvidence } from "./count-evidence.ts";
import type { GateReference, Quantiles } from "./gate-reference.ts";
import type { AbsoluteGate, CountGate, GateSpec } from "./gate-spec.ts";
import { logHarmOfLandmark, observeLandmarkBlock, openLandmark, type LandmarkEvidence } from "./landmark-evidence.ts";
import { countsOfMean, logHarmOfMean, observeMean, openMean, type MeanEvidence } from "./mean-evidence.ts";
import {
  countsOfQuantile,
  logHarmOfQuantile,
  observeQuantile,
  openQuantile,
  type QuantileEvidence,
} from "./quantile-evidence.ts";
import { logHarmOfSegments, observeSegments, openSegments, type SegmentsEvidence } from "./segments-evidence.ts";
import {
  countsOfStructure,
  logDifference,
  observeStructure,
  openStructure,
  type StructureEvidence,
} from "./structure-evidence.ts";

/** What one gate has learnt, in the form of its kind. */
export type Learnt =
  | CountEvidence
  | SegmentsEvidence
  | LandmarkEvidence
  | MeanEvidence
  | QuantileEvidence
  | StructureEvidence
  | AbsoluteEvidence;

/** Nothing yet, but what was frozen from history. A reference of another form than the gate's is none. */
export function openLearnt(gate: GateSpec, reference: GateReference, plannedBlocks: number): Learnt {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return openCounting(gate, reference, plannedBlocks);
    case "mean":
    case "rate":
      return openMean(gate, quantilesOf(reference), plannedBlocks);
    case "quantile":
      return openQuantile(gate, quantilesOf(reference), plannedBlocks);
    case "distribution":
      return openStructure(gate, isForm(reference, "features") ? reference.features : null, plannedBlocks);
    case "absolute":
      return openAbsolute(gate, plannedBlocks);
  }
}

/** What is known after one more block. A block that lacks the gate's reading teaches nothing. */
export function observeLearnt(learnt: Learnt, block: Block, name: string): Learnt {
  const counts = block.counts[name] ?? NO_COUNTS;
  switch (learnt.kind) {
    case "counts":
      return observeCounts(learnt, counts);
    case "segments":
      return observeSegments(learnt, { step: block.step, counts, segments: segmentsOfBlock(block, name) });
    case "landmark":
      return observeLandmarkBlock(learnt, counts, block.readings?.[name]);
    case "mean":
      return observeMean(learnt, valuesOfBlock(block, name));
    case "quantile":
      return observeQuantile(learnt, valuesOfBlock(block, name));
    case "structure":
      return observeStructure(learnt, block.readings?.[name]);
    case "absolute":
      return observeAbsolute(learnt, absoluteCounts(learnt.gate, counts, valuesOfBlock(block, name)));
  }
}

/** ln E of harm by now; of a structure, of a difference. */
export function logHarmOf(learnt: Learnt): number {
  switch (learnt.kind) {
    case "counts":
      return logHarmOfCounts(learnt);
    case "absolute":
      return learnt.rollback.logE;
    case "segments":
      return logHarmOfSegments(learnt);
    case "landmark":
      return logHarmOfLandmark(learnt);
    case "mean":
      return logHarmOfMean(learnt);
    case "quantile":
      return logHarmOfQuantile(learnt);
    case "structure":
      return logDifference(learnt);
  }
}

/** The sessions that the gate has seen, and those that count as bad in the view that is told of it. */
export function totalsOf(learnt: Learnt): ArmCounts {
  switch (learnt.kind) {
    case "counts":
    case "absolute":
      return learnt.totals;
    case "segments":
      return learnt.total.totals;
    case "landmark":
      return learnt.ended.totals;
    case "mean":
      return countsOfMean(learnt);
    case "quantile":
      return countsOfQuantile(learnt);
    case "structure":
      return countsOfStructure(learnt);
  }
}

/** What an absolute gate counts in a block: bad sessions, or values beyond the objective. */
export function absoluteCounts({ q, objective }: AbsoluteGate, counts: ArmCounts, values: ArmValues): ArmCounts {
  if (q === null) return counts;
  if ("max" in objective) return countAbove(values, { baseline: objective.max, canary: objective.max });
  const mirrored = { baseline: values.baseline.map((v) => -v), canary: values.canary.map((v) => -v) };
  return countAbove(mirrored, { baseline: -objective.min, canary: -objective.min });
}

/** Both arms' values of a gate in a block; none for a gate that reads none. */
export function valuesOfBlock({ readings }: Block, name: string): ArmValues {
  const reading = readings?.[name];
  return reading?.kind === "values" ? reading : { baseline: [], canary: [] };
}

function segmentsOfBlock({ readings }: Block, name: string): Readonly<Record<string, ArmCounts>> {
  const reading = readings?.[name];
  return reading?.kind === "segments" ? reading.segments : {};
}

function openCounting(gate: CountGate, reference: GateReference, plannedBlocks: number): Learnt {
  const frozen = isForm(reference, "landmark") ? reference : null;
  const rate = frozen === null ? numberOf(reference) : frozen.rate;
  if (gate.segments !== undefined) return openSegments(gate, rate, plannedBlocks);
  const ended = openCountsAt(gate, rate, plannedBlocks);
  const { landmark } = gate;
  return landmark === undefined ? ended : openLandmark({ ...gate, landmark }, frozen, { ended, plannedBlocks });
}

type Form = Extract<GateReference, { readonly kind: string }>;

function isForm<Kind extends Form["kind"]>(
  reference: GateReference,
  kind: Kind,
): reference is Extract<Form, { readonly kind: Kind }> {
  return typeof reference === "object" && reference !== null && reference.kind === kind;
}

function numberOf(reference: GateReference): number | null {
  return typeof reference === "number" ? reference : null;
}

function quantilesOf(reference: GateReference): Quantiles | null {
  return isForm(reference, "quantiles") ? reference.quantiles : null;
}
