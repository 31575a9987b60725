import { logSumExp } from "@perch/stats";
import { addCounts, NO_COUNTS } from "./arm-counts.ts";
import { observeBinary, openBinary, type BinaryTest } from "./binary-test.ts";
import type { ArmCounts } from "./block.ts";
import { logHarmOfCounts, observeCounts, openCountsAt, type CountEvidence } from "./count-evidence.ts";
import type { CountGate } from "./gate-spec.ts";

/** Segments that are judged by themselves; sessions of any further one count in the whole only. */
export const MOST_SEGMENTS = 20;

/** A segment's part of one block is often a session or two, which says nothing: parts are merged up to these, by step. */
const [MIN_CANARY_SESSIONS, MIN_BASELINE_SESSIONS] = [2, 10];

export type SegmentTest = BinaryTest & {
  /** Sessions that wait for more, by step: those of different weights are never compared. */
  readonly waiting: Readonly<Record<number, ArmCounts>>;
};

/** What counts have shown as a whole, and in each intent or tool by itself, so that none can hide in a flat total. */
export type SegmentsEvidence = {
  readonly kind: "segments";
  readonly gate: CountGate;
  readonly plannedBlocks: number;
  readonly total: CountEvidence;
  readonly segments: Readonly<Record<string, SegmentTest>>;
};

export function openSegments(gate: CountGate, rate: number | null, plannedBlocks: number): SegmentsEvidence {
  const total = openCountsAt({ margin: gate.margin }, rate, plannedBlocks);
  return { kind: "segments", gate, plannedBlocks, total, segments: {} };
}

/** One block as segments see it. */
export type SegmentedCounts = {
  readonly step: number;
  readonly counts: ArmCounts;
  readonly segments: Readonly<Record<string, ArmCounts>>;
};

/**
 * The evidence after one more block. Which segments there are, and when their parts are merged enough, is read from both
 * arms' sessions together and without their outcomes: that says nothing about which arm is which, so a segment may join in
 * the block in which it is first seen.
 */
export function observeSegments(evidence: SegmentsEvidence, block: SegmentedCounts): SegmentsEvidence {
  const segments = { ...evidence.segments };
  for (const [name, counts] of Object.entries(block.segments)) {
    if (segments[name] === undefined && Object.keys(segments).length >= MOST_SEGMENTS) continue;
    const before = segments[name] ?? { ...openBinary(evidence.plannedBlocks), waiting: {} };
    segments[name] = observeSegment(before, counts, block.step);
  }
  return { ...evidence, total: observeCounts(evidence.total, block.counts), segments };
}

function observeSegment({ waiting, ...test }: SegmentTest, counts: ArmCounts, step: number): SegmentTest {
  const merged = addCounts(waiting[step] ?? NO_COUNTS, counts);
  const isFull = merged.canarySessions >= MIN_CANARY_SESSIONS && merged.baselineSessions >= MIN_BASELINE_SESSIONS;
  if (!isFull) return { ...test, waiting: { ...waiting, [step]: merged } };
  return { ...observeBinary(test, merged), waiting: { ...waiting, [step]: NO_COUNTS } };
}

/**
 * ln E of harm: half of the money on the whole, the other half in equal parts on the segments, where a part whose segment
 * has not been seen stays as it is. All of them read the same blocks at the same time, so the mean is an e-process.
 */
export function logHarmOfSegments({ total, segments }: SegmentsEvidence): number {
  const seen = Object.values(segments).map(({ rollback }) => rollback.logE);
  const unseen = MOST_SEGMENTS - seen.length;
  const apart = logSumExp([...seen, ...(unseen > 0 ? [Math.log(unseen)] : [])]) - Math.log(MOST_SEGMENTS);
  return logSumExp([logHarmOfCounts(total), apart]) - Math.LN2;
}
