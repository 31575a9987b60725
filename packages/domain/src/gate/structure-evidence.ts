import {
  blockLogLikelihood,
  FEATURE_LOG_ODDS,
  logStructuralEvidence,
  observeFeatureTest,
  openFeatureTest,
  type FeatureTest,
} from "@perch/stats";
import type { Feature } from "../structure/feature.ts";
import { addFeatures, freezeFeatures, NO_FEATURES, type GatheredFeatures } from "../structure/freeze-features.ts";
import { addCounts, NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, BlockReading } from "./block.ts";
import type { DistributionGate } from "./gate-spec.ts";

/** Baseline sessions from which features may be frozen when history has none. */
export const MIN_GATHERED_SESSIONS = 30;

export type FeatureEvidence = { readonly feature: Feature; readonly totals: ArmCounts; readonly test: FeatureTest };

/** What the sessions' tool use has shown (`statistics.md` 3.6). */
export type StructureEvidence = {
  readonly kind: "structure";
  readonly gate: DistributionGate;
  readonly plannedBlocks: number;
  /** Null until they are frozen; nothing is tested before. */
  readonly features: readonly FeatureEvidence[] | null;
  readonly gathered: GatheredFeatures;
  /** Sessions that were compared. */
  readonly sessions: { readonly baseline: number; readonly canary: number };
};

export function openStructure(
  gate: DistributionGate,
  frozen: readonly Feature[] | null,
  plannedBlocks: number,
): StructureEvidence {
  return {
    kind: "structure",
    gate,
    plannedBlocks,
    features: frozen && frozen.map((feature) => openFeature(feature, plannedBlocks)),
    gathered: NO_FEATURES,
    sessions: { baseline: 0, canary: 0 },
  };
}

/** The evidence after one more block. What features are chosen from is never tested. */
export function observeStructure(evidence: StructureEvidence, reading: BlockReading | undefined): StructureEvidence {
  const { gate, plannedBlocks } = evidence;
  if (reading?.kind === "gathered" && evidence.features === null) {
    const gathered = addFeatures(evidence.gathered, reading);
    if (gathered.sessions < MIN_GATHERED_SESSIONS) return { ...evidence, gathered };
    const frozen = freezeFeatures(gathered, gate.of);
    return { ...evidence, gathered: NO_FEATURES, features: frozen.map((one) => openFeature(one, plannedBlocks)) };
  }
  if (reading?.kind !== "features" || evidence.features === null) return evidence;
  const { baselineSessions, canarySessions, baseline, canary } = reading;
  return {
    ...evidence,
    features: evidence.features.map((feature, i) =>
      observeFeature(feature, {
        baselineSessions,
        canarySessions,
        baselineBad: baseline[i] ?? 0,
        canaryBad: canary[i] ?? 0,
      }),
    ),
    sessions: {
      baseline: evidence.sessions.baseline + baselineSessions,
      canary: evidence.sessions.canary + canarySessions,
    },
  };
}

/** ln E of a difference: the mean over all features, which read the same blocks. */
export function logDifference({ features }: StructureEvidence): number {
  return logStructuralEvidence((features ?? []).map(({ test }) => test.logE));
}

export function countsOfStructure({ sessions }: StructureEvidence): ArmCounts {
  return { baselineSessions: sessions.baseline, baselineBad: 0, canarySessions: sessions.canary, canaryBad: 0 };
}

function openFeature(feature: Feature, plannedBlocks: number): FeatureEvidence {
  return { feature, totals: NO_COUNTS, test: openFeatureTest(plannedBlocks) };
}

function observeFeature({ feature, totals, test }: FeatureEvidence, counts: ArmCounts): FeatureEvidence {
  return {
    feature,
    totals: addCounts(totals, counts),
    test: observeFeatureTest(test, blockLogLikelihood(counts, FEATURE_LOG_ODDS)),
  };
}
