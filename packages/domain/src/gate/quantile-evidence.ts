import {
  logLatencyEvidence,
  observeBetting,
  openBettingTest,
  shareOut,
  shiftedOrder,
  type BettingTest,
} from "@perch/stats";
import { NO_COUNTS } from "./arm-counts.ts";
import { observeBinary, openBinary, type BinaryTest } from "./binary-test.ts";
import type { ArmCounts, ArmValues } from "./block.ts";
import { countAbove } from "./count-above.ts";
import { observeCounts, openCounts, type CountEvidence } from "./count-evidence.ts";
import { freezeQuantiles, type Quantiles } from "./gate-reference.ts";
import type { QuantileGate } from "./gate-spec.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";

/** What values have shown about a high quantile (`statistics.md` 3.5). */
export type QuantileEvidence = {
  readonly kind: "quantile";
  readonly gate: QuantileGate;
  readonly plannedBlocks: number;
  /** Of the baseline, the gate's own among them; null until they are frozen, and nothing but order is tested before. */
  readonly thresholds: Quantiles | null;
  readonly gathered: readonly number[];
  /** "More sessions beyond the threshold", one for each. */
  readonly exceedance: readonly BinaryTest[];
  /** "Values of the canary are larger": needs no threshold. */
  readonly shift: BettingTest;
  /** "As many canary sessions beyond the stretched quantile as baseline sessions beyond it unstretched". */
  readonly nonInferior: CountEvidence;
  /** All values, in no order; for people. */
  readonly values: ArmValues;
};

export function openQuantile(gate: QuantileGate, frozen: Quantiles | null, plannedBlocks: number): QuantileEvidence {
  return {
    kind: "quantile",
    gate,
    plannedBlocks,
    thresholds: frozen,
    gathered: [],
    exceedance: (frozen ?? []).map(() => openBinary(plannedBlocks)),
    shift: openBettingTest(-1),
    nonInferior: openCounts({ margin: 0 }, { method: "odds-ratio", rate: 1 - gate.q, marginLogOdds: 0 }, plannedBlocks),
    values: { baseline: [], canary: [] },
  };
}

/** The evidence after one more block. A threshold chosen from a value is never tested on it. */
export function observeQuantile(evidence: QuantileEvidence, values: ArmValues): QuantileEvidence {
  const seen = {
    ...evidence,
    shift: observeShift(evidence.shift, values),
    values: {
      baseline: [...evidence.values.baseline, ...values.baseline],
      canary: [...evidence.values.canary, ...values.canary],
    },
  };
  const { thresholds, gate } = evidence;
  if (thresholds === null) return { ...seen, ...gather(evidence, values.baseline) };
  const own = thresholdOf(thresholds, gate.q);
  const stretched = { baseline: own, canary: (1 + gate.margin) * own };
  return {
    ...seen,
    exceedance: evidence.exceedance.map((test, i) => {
      const limit = thresholds[i]?.value ?? 0;
      return observeBinary(test, countAbove(values, { baseline: limit, canary: limit }));
    }),
    nonInferior: observeCounts(evidence.nonInferior, countAbove(values, stretched)),
  };
}

/** ln E of harm: half on the mean of the exceedances, half on the order. */
export function logHarmOfQuantile({ exceedance, shift }: QuantileEvidence): number {
  return logLatencyEvidence({ exceedance: exceedance.map(({ rollback }) => rollback.logE), shift: shift.logE });
}

/** For people: sessions beyond the baseline's own quantile. */
export function countsOfQuantile({ gate, thresholds, exceedance, values }: QuantileEvidence): ArmCounts {
  const own = exceedance[thresholds?.findIndex((threshold) => threshold.q === gate.q) ?? -1]?.totals ?? NO_COUNTS;
  return { ...own, baselineSessions: values.baseline.length, canarySessions: values.canary.length };
}

/** The frozen quantile itself. */
export function thresholdOf(thresholds: Quantiles, q: number): number {
  return thresholds.find((threshold) => threshold.q === q)?.value ?? Number.NaN;
}

/** The rarer arm's sessions each meet their own of the other: with both arms' means in one share order would be biased. */
function observeShift(test: BettingTest, { baseline, canary }: ArmValues): BettingTest {
  if (baseline.length >= canary.length) {
    return shareOut(canary, baseline).reduce((seen, share) => observeBetting(seen, shiftedOrder(share)), test);
  }
  return shareOut(baseline, canary).reduce((seen, share) => observeBetting(seen, -shiftedOrder(share)), test);
}

function gather(
  { gate, gathered, plannedBlocks }: QuantileEvidence,
  baseline: readonly number[],
): Pick<QuantileEvidence, "thresholds" | "gathered" | "exceedance"> {
  const all = [...gathered, ...baseline];
  if (all.length < MIN_REFERENCE_SESSIONS) return { thresholds: null, gathered: all, exceedance: [] };
  const thresholds = freezeQuantiles(gate, all);
  return { thresholds, gathered: [], exceedance: thresholds.map(() => openBinary(plannedBlocks)) };
}
