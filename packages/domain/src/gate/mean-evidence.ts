import {
  logSumExp,
  meanDifference,
  observeBetting,
  openBettingTest,
  shareOut,
  toleratedDifference,
  type BettingTest,
  type Share,
} from "@perch/stats";
import type { ArmCounts, ArmValues } from "./block.ts";
import { observeBinary, openBinary, type BinaryTest } from "./binary-test.ts";
import { countAbove } from "./count-above.ts";
import { freezeQuantiles, type Quantiles } from "./gate-reference.ts";
import type { MeanGate } from "./gate-spec.ts";
import { MEAN_LEVELS } from "./ladder.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";
import { addValues, NO_VALUES, type ValueSums } from "./value-sums.ts";

/** A baseline that is nearly always 0 has no useful cap: then any positive value counts as much as any other. */
const LEAST_CAP = 1e-9;

/** What capped values have shown about the arms' means (`statistics.md` 3.5). */
export type MeanEvidence = {
  readonly kind: "mean";
  readonly gate: MeanGate;
  /** Where values are cut off, in the unit of the test: above 0. Null until it is frozen; nothing is tested before. */
  readonly cap: number | null;
  /** The baseline's values until then. */
  readonly gathered: readonly number[];
  readonly harm: BettingTest;
  /** "More sessions beyond the cap": what capping hides. Null where values have a range of their own. */
  readonly aboveCap: BinaryTest | null;
  /** Against "worse than the margin", and against each wider level of the ladder, in its order. */
  readonly nonInferior: readonly BettingTest[];
  readonly sums: { readonly baseline: ValueSums; readonly canary: ValueSums };
};

export function openMean(gate: MeanGate, quantiles: Quantiles | null, plannedBlocks: number): MeanEvidence {
  return {
    kind: "mean",
    gate,
    cap: gate.range === null ? capOf(quantiles) : gate.range.high - gate.range.low,
    gathered: [],
    harm: openBettingTest(-1),
    aboveCap: gate.range === null && gate.direction === "increase" ? openBinary(plannedBlocks) : null,
    nonInferior: MEAN_LEVELS.map(() => openBettingTest(-1)),
    sums: { baseline: NO_VALUES, canary: NO_VALUES },
  };
}

/** The evidence after one more block. A cap chosen from a value is never tested on it. */
export function observeMean(evidence: MeanEvidence, values: ArmValues): MeanEvidence {
  const { gate } = evidence;
  const sums = {
    baseline: addValues(evidence.sums.baseline, values.baseline),
    canary: addValues(evidence.sums.canary, values.canary),
  };
  const { cap } = evidence;
  if (cap === null) return { ...evidence, sums, ...gather(evidence, values.baseline) };
  const low = gate.range?.low ?? 0;
  const moved = {
    baseline: values.baseline.map((v) => inRange(v - low)),
    canary: values.canary.map((v) => inRange(v - low)),
  };
  const shares = shareOut(moved.canary, moved.baseline);
  return {
    ...evidence,
    sums,
    harm: observeHarm(evidence.harm, shares, { gate, cap }),
    aboveCap: evidence.aboveCap && observeBinary(evidence.aboveCap, countAbove(moved, { baseline: cap, canary: cap })),
    nonInferior: evidence.nonInferior.map((test, i) =>
      observeTolerated(test, shares, { gate, cap, widening: MEAN_LEVELS[i] ?? 1 }),
    ),
  };
}

/** ln E of harm: half of the money on the mean, half on sessions beyond the cap. */
export function logHarmOfMean({ harm, aboveCap }: MeanEvidence): number {
  return aboveCap === null ? harm.logE : logSumExp([harm.logE, aboveCap.rollback.logE]) - Math.LN2;
}

/** For people: sessions beyond the cap, of those that have a value. */
export function countsOfMean({ aboveCap, sums }: MeanEvidence): ArmCounts {
  return {
    baselineSessions: sums.baseline.sessions,
    baselineBad: aboveCap?.totals.baselineBad ?? 0,
    canarySessions: sums.canary.sessions,
    canaryBad: aboveCap?.totals.canaryBad ?? 0,
  };
}

type Rule = { readonly gate: MeanGate; readonly cap: number };

function observeHarm(test: BettingTest, shares: readonly Share[], { gate, cap }: Rule): BettingTest {
  const comparison = { cap, relativeMargin: 0, worse: worseOf(gate) };
  return shares.reduce((seen, share) => observeBetting(seen, meanDifference(share, comparison)), test);
}

function observeTolerated(
  test: BettingTest,
  shares: readonly Share[],
  { gate, cap, widening }: Rule & { readonly widening: number },
): BettingTest {
  const { relative, absolute } = marginOf(gate);
  const tolerated = {
    cap,
    relative: relative * widening,
    absolute: Math.min(absolute * widening, cap),
    worse: worseOf(gate),
  };
  return shares.reduce((seen, share) => observeBetting(seen, toleratedDifference(share, tolerated)), test);
}

/** Both forms of a margin; the one that the file does not use is 0. */
export function marginOf({ margin }: MeanGate): { readonly relative: number; readonly absolute: number } {
  return "relative" in margin ? { relative: margin.relative, absolute: 0 } : { relative: 0, absolute: margin.absolute };
}

function worseOf({ direction }: MeanGate): "higher" | "lower" {
  return direction === "increase" ? "higher" : "lower";
}

function gather({ gate, gathered }: MeanEvidence, baseline: readonly number[]): Pick<MeanEvidence, "cap" | "gathered"> {
  const all = [...gathered, ...baseline];
  if (all.length < MIN_REFERENCE_SESSIONS) return { cap: null, gathered: all };
  return { cap: capOf(freezeQuantiles(gate, all)), gathered: [] };
}

/** Where values are cut off, from the frozen quantiles; null without any. */
export function capOf(quantiles: Quantiles | null): number | null {
  const value = quantiles?.[0]?.value;
  return value === undefined ? null : Math.max(value, LEAST_CAP);
}

/** What is outside a promised range counts as its end. */
function inRange(value: number): number {
  return Math.max(0, value);
}
