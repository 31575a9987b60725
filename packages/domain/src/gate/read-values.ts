import { logRatioInterval, quantileInterval, quantileOf } from "@perch/stats";
import type { Learnt } from "./learnt.ts";
import type { MeanEvidence } from "./mean-evidence.ts";
import type { QuantileEvidence } from "./quantile-evidence.ts";
import { quantileName } from "./quantile-name.ts";
import { logSampleOf, meanOfSums } from "./value-sums.ts";
import type { Range, ValuesReading } from "./verdict.ts";

/** Where the confidence sequence of a quantile is narrowest, for each arm (`statistics.md` 3.5). */
const STRENGTH = { baseline: 800, canary: 40 } as const;

/** What a person reads of the arms' values; null for a gate that reads none. It decides nothing. */
export function readValues(learnt: Learnt, alpha: number): ValuesReading | null {
  if (learnt.kind === "mean") return ofMean(learnt, alpha);
  return learnt.kind === "quantile" ? ofQuantile(learnt, alpha) : null;
}

function ofMean({ gate, cap, sums }: MeanEvidence, alpha: number): ValuesReading {
  const [baseline, canary] = [logSampleOf(sums.baseline), logSampleOf(sums.canary)];
  const hasRatio = gate.range === null && baseline !== null && canary !== null;
  const interval = hasRatio ? logRatioInterval(baseline, canary, alpha) : null;
  return {
    statistic: "mean",
    baseline: meanOfSums(sums.baseline),
    canary: meanOfSums(sums.canary),
    cap: gate.range === null ? cap : null,
    ratio: interval && finiteRange(interval),
    baselineRange: null,
    canaryRange: null,
  };
}

function ofQuantile({ gate, values }: QuantileEvidence, alpha: number): ValuesReading {
  const of = (arm: "baseline" | "canary") => {
    const sorted = values[arm].toSorted((a, b) => a - b);
    if (sorted.length === 0) return { value: null, range: null };
    const range = quantileInterval(sorted, gate.q, { alpha, strength: STRENGTH[arm] });
    return { value: quantileOf(sorted, gate.q), range: finiteRange(range) };
  };
  const [baseline, canary] = [of("baseline"), of("canary")];
  return {
    statistic: quantileName(gate.q),
    baseline: baseline.value,
    canary: canary.value,
    cap: null,
    ratio: null,
    baselineRange: baseline.range,
    canaryRange: canary.range,
  };
}

/** An end that is not known yet is no number: then there is no range. */
function finiteRange({ low, high }: Range): Range | null {
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
}
