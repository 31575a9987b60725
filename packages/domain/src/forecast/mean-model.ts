import { bettingBets, rollbackBets, sessionsToWealth, withShare, type PlannedBet } from "@perch/stats";
import { freezeQuantiles } from "../gate/gate-reference.ts";
import type { MeanGate } from "../gate/gate-spec.ts";
import { asksForNonInferiority, MEAN_LEVELS } from "../gate/ladder.ts";
import { capOf, marginOf } from "../gate/mean-evidence.ts";
import { meetingsAt } from "./block-shapes.ts";
import { ACCEPT_AT_LOG_E, type GateModel, type StepAt } from "./gate-model.ts";
import { meanOf, sampleOf, shareAbove, varianceOf } from "./sample.ts";

/** Ten times the baseline's mean. */
const LARGEST_RELATIVE = 9;
/** Half as much again. */
const PICTURED_RELATIVE = 0.5;
const PICTURED_MARGINS = 4;

/**
 * Means: the baseline's own values, moved by an effect, say how much each stake of the betting test wins (`statistics.md` 3.5).
 * Half of the money waits for sessions beyond the cap, where there is one. An estimate: the growth of the mean instead of each
 * run's own, and the cap of today's values.
 */
export function meanModel(gate: MeanGate, values: readonly number[]): GateModel {
  const sample = createSample(gate, values);
  const isRelative = "relative" in gate.margin;
  const isFall = gate.direction === "decrease";
  const margin = "relative" in gate.margin ? gate.margin.relative : gate.margin.absolute;
  const { range } = gate;
  const largestAmount = range === null ? LARGEST_RELATIVE * meanOf(values) : range.high - range.low;
  const largestShare = isFall ? 1 : LARGEST_RELATIVE;
  const largest = isRelative ? largestShare : largestAmount;
  return {
    gate,
    baseline: { statistic: "mean", value: meanOf(values) },
    sessions: values.length,
    effect: isRelative ? "relative" : "amount",
    largest,
    pictured: [...new Set([margin, isRelative ? PICTURED_RELATIVE : PICTURED_MARGINS * margin])].filter(
      (effect) => effect <= largest,
    ),
    toPass: (at) => sessionsToPass(gate, sample, at),
    toFind: (effect, weightBp) => sessionsToFind(gate, sample, { effect, weightBp }),
  };
}

/** The baseline's values, and in units of the cap. */
type Sample = {
  readonly raw: readonly number[];
  readonly cap: number;
  readonly inCaps: (value: number) => number;
  readonly mean: number;
  readonly variance: number;
};

function createSample(gate: MeanGate, values: readonly number[]): Sample {
  const raw = sampleOf(values);
  const low = gate.range?.low ?? 0;
  const cap = gate.range === null ? (capOf(freezeQuantiles(gate, values)) ?? 1) : gate.range.high - gate.range.low;
  const inCaps = (value: number): number => Math.min(cap, Math.max(0, value - low)) / cap;
  const capped = raw.map(inCaps);
  return { raw, cap, inCaps, mean: meanOf(capped), variance: varianceOf(capped) };
}

function sessionsToFind(
  gate: MeanGate,
  { raw, cap, inCaps, mean, variance }: Sample,
  { effect, weightBp }: { readonly effect: number; readonly weightBp: number },
): number {
  const sign = gate.direction === "increase" ? 1 : -1;
  const moved = raw.map((value) => ("relative" in gate.margin ? value * (1 + sign * effect) : value + sign * effect));
  const canary = moved.map(inCaps);
  const observed = {
    values: canary.map((value) => sign * (value - mean)),
    canaryVariance: varianceOf(canary),
    baselineVariance: variance,
  };
  const ofMean = bettingBets(observed, meetingsAt(weightBp).means);
  const logEvidence = -Math.log(gate.alpha);
  if (gate.range !== null || sign < 0) return sessionsToWealth(ofMean, logEvidence);
  const rates = { baseline: shareAbove(raw, cap), canary: shareAbove(moved, cap), canaryWeight: weightBp / 10_000 };
  return sessionsToWealth([...withShare(ofMean, 0.5), ...withShare(rollbackBets(rates), 0.5)], logEvidence);
}

function sessionsToPass(gate: MeanGate, sample: Sample, { weightBp, stepsAfter }: StepAt): number {
  if (!asksForNonInferiority(stepsAfter)) return 0;
  return sessionsToWealth(tolerantBets(gate, sample, { weightBp, stepsAfter }), ACCEPT_AT_LOG_E);
}

/** The same canary as the baseline, compared with a mean that is worse by the margin. */
function tolerantBets(
  gate: MeanGate,
  { raw, cap, inCaps, mean, variance }: Sample,
  { weightBp, stepsAfter }: StepAt,
): readonly PlannedBet[] {
  const widening = MEAN_LEVELS[stepsAfter] ?? 1;
  const { relative, absolute } = marginOf(gate);
  const amount = Math.min(absolute * widening, cap) / cap;
  const isRise = gate.direction === "increase";
  const factor = isRise ? 1 + relative * widening : Math.max(0, 1 - relative * widening);
  const values = raw.map(inCaps).map((own) => (isRise ? factor * mean - own : own - factor * mean) + amount);
  const observed = { values, canaryVariance: variance, baselineVariance: factor * factor * variance };
  return bettingBets(observed, meetingsAt(weightBp).means);
}
