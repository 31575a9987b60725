import { logSumExp } from "@perch/stats";
import { NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, BlockReading } from "./block.ts";
import { logHarmOfCounts, observeCounts, openCountsAt, type CountEvidence } from "./count-evidence.ts";
import type { GateReference } from "./gate-reference.ts";
import type { CountGate, Landmark } from "./gate-spec.ts";
import { DEFAULT_LANDMARK_MS } from "./landmark.ts";

/** The same counts of sessions that have ended, and of all sessions at one age (`statistics.md` 3.8). */
export type LandmarkEvidence = {
  readonly kind: "landmark";
  readonly ageMs: number;
  /** `block`: both were read with the same blocks, by older versions. */
  readonly readAt: "age" | "block";
  readonly ended: CountEvidence;
  readonly atAge: CountEvidence;
};

type Frozen = Extract<GateReference, { readonly kind: "landmark" }>;
type LandmarkGate = CountGate & { readonly landmark: Landmark };

export function openLandmark(
  gate: LandmarkGate,
  frozen: Frozen | null,
  { ended, plannedBlocks }: { readonly ended: CountEvidence; readonly plannedBlocks: number },
): LandmarkEvidence {
  return {
    kind: "landmark",
    ageMs: frozen?.ageMs ?? gate.landmark.ageMs ?? DEFAULT_LANDMARK_MS,
    readAt: gate.landmark.readAt ?? "block",
    ended,
    atAge: openCountsAt(gate, frozen?.rateAtAge ?? null, plannedBlocks),
  };
}

/** What a block teaches: of the ended sessions, and where both are read together of those at the age. */
export function observeLandmarkBlock(
  { ended, atAge, ...learnt }: LandmarkEvidence,
  counts: ArmCounts,
  reading: BlockReading | undefined,
): LandmarkEvidence {
  const seen = { ...learnt, ended: observeCounts(ended, counts) };
  if (learnt.readAt === "age") return { ...seen, atAge };
  return { ...seen, atAge: observeCounts(atAge, reading?.kind === "landmark" ? reading.counts : NO_COUNTS) };
}

/** What sessions at the age teach, read by themselves. */
export function observeAtAge({ atAge, ...learnt }: LandmarkEvidence, counts: ArmCounts): LandmarkEvidence {
  return { ...learnt, atAge: observeCounts(atAge, counts) };
}

/**
 * ln E of harm. Views that are read together are averaged, which is an e-process. Read at times of their own they must not
 * be: each has half of the error rate to itself, and rejects at E ≥ 2/α, that is when half of the larger one reaches 1/α
 * (split rule, `statistics.md` 3.9.4).
 */
export function logHarmOfLandmark({ readAt, ended, atAge }: LandmarkEvidence): number {
  const views = [logHarmOfCounts(ended), logHarmOfCounts(atAge)];
  return readAt === "age" ? logClearer(views) : logSumExp(views) - Math.LN2;
}

/** Half of the clearer of two views, each of which has half of the error rate to itself. */
export function logClearer(views: readonly number[]): number {
  return Math.max(...views) - Math.LN2;
}

export function isReadApart(learnt: { readonly kind: string }): learnt is LandmarkEvidence {
  return learnt.kind === "landmark" && "readAt" in learnt && learnt.readAt === "age";
}

/** Canary sessions that some view has seen: one that sees none of them yet keeps the other from nothing. */
export function canarySessionsOfLandmark({ ended, atAge }: LandmarkEvidence): number {
  return Math.max(ended.totals.canarySessions, atAge.totals.canarySessions);
}
