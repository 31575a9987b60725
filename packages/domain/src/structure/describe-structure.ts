import { discoveries } from "@perch/stats";
import type { FeatureEvidence } from "../gate/structure-evidence.ts";
import type { Finding } from "../gate/verdict.ts";
import { describeFeature } from "./feature.ts";

/** What is told of a structure at most, and the share of what is told as established that may be wrong. */
const MOST_FINDINGS = 10;
const FALSE_DISCOVERY_RATE = 0.05;

/** The clearest differences of tool use as sentences, with both rates and the evidence; nothing that speaks for none. */
export function describeStructure(features: readonly FeatureEvidence[]): readonly Finding[] {
  const logE = features.map(({ test }) => test.logE);
  const established = new Set(discoveries(logE, FALSE_DISCOVERY_RATE));
  return features
    .map((evidence, i) => findingOf(evidence, established.has(i)))
    .filter((finding) => finding.logE > 0)
    .toSorted((a, b) => b.logE - a.logE)
    .slice(0, MOST_FINDINGS);
}

function findingOf({ feature, totals, test }: FeatureEvidence, isEstablished: boolean): Finding {
  const baselineRate = rate(totals.baselineBad, totals.baselineSessions);
  const canaryRate = rate(totals.canaryBad, totals.canarySessions);
  const sentence = `${describeFeature(feature)} in ${percent(canaryRate)} of sessions (baseline ${percent(baselineRate)})`;
  return { sentence, baselineRate, canaryRate, logE: test.logE, isEstablished };
}

function rate(having: number, sessions: number): number {
  return sessions === 0 ? 0 : having / sessions;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
