import { bettingBets, rollbackBets, sessionsToEvidence, sessionsToWealth, withShare } from "@perch/stats";
import { freezeQuantiles } from "../gate/gate-reference.ts";
import type { QuantileGate } from "../gate/gate-spec.ts";
import { ladderLevel } from "../gate/ladder.ts";
import { quantileName } from "../gate/quantile-name.ts";
import { thresholdOf } from "../gate/quantile-evidence.ts";
import { meetingsAt } from "./block-shapes.ts";
import { ACCEPT_AT_LOG_E, type GateModel, type StepAt } from "./gate-model.ts";
import { meanOf, sampleOf, shareAbove } from "./sample.ts";

/** Ten times the baseline's quantile. */
const LARGEST = 9;
/** Twice as long. */
const PICTURED = 1;

/**
 * A high quantile: the baseline's values, all of them longer by a share, say how many more lie beyond each frozen threshold, and
 * how often a canary session's is the larger of two (`statistics.md` 3.5). A canary that is slower in its tail only takes longer.
 */
export function quantileModel(gate: QuantileGate, values: readonly number[]): GateModel {
  const sample = sampleOf(values);
  const thresholds = freezeQuantiles(gate, values);
  const own = thresholdOf(thresholds, gate.q);
  return {
    gate,
    baseline: { statistic: quantileName(gate.q), value: own },
    sessions: values.length,
    effect: "relative",
    largest: LARGEST,
    pictured: [...new Set([gate.margin, PICTURED])],
    toPass: (at) => sessionsToPass(gate, { sample, own }, at),
    toFind: (effect, weightBp) => {
      const limits = thresholds.map(({ value }) => value);
      return sessionsToFind({ sample, limits, alpha: gate.alpha }, effect, weightBp);
    },
  };
}

type Known = { readonly sample: readonly number[]; readonly limits: readonly number[]; readonly alpha: number };

/** Half of the money on the mean of the exceedances, half on the order. */
function sessionsToFind({ sample, limits, alpha }: Known, effect: number, weightBp: number): number {
  const moved = sample.map((value) => value * (1 + effect));
  const canaryWeight = weightBp / 10_000;
  const beyond = limits.flatMap((limit) => {
    const rates = { baseline: shareAbove(sample, limit), canary: shareAbove(moved, limit), canaryWeight };
    return withShare(rollbackBets(rates), 0.5 / limits.length);
  });
  const ranks = ranksAmong(sample, moved);
  const order = {
    values: ranks.map((rank) => 2 * rank - 1),
    canaryVariance: 0,
    // Of "twice the share of smaller ones", from one baseline session.
    baselineVariance: 4 * meanOf(ranks.map((rank) => rank * (1 - rank))),
  };
  const bets = [...beyond, ...withShare(bettingBets(order, meetingsAt(weightBp).order), 0.5)];
  return sessionsToWealth(bets, -Math.log(alpha));
}

/** For each value the share of the sorted sample below it, ties counting half. Both in rising order. */
function ranksAmong(sample: readonly number[], values: readonly number[]): readonly number[] {
  let [below, notAbove] = [0, 0];
  return values.map((value) => {
    while (below < sample.length && (sample[below] ?? Infinity) < value) below += 1;
    while (notAbove < sample.length && (sample[notAbove] ?? Infinity) <= value) notAbove += 1;
    return (below + notAbove) / (2 * Math.max(1, sample.length));
  });
}

/** As many canary sessions beyond the stretched quantile as baseline sessions beyond it unstretched. */
function sessionsToPass(
  { margin }: QuantileGate,
  { sample, own }: { readonly sample: readonly number[]; readonly own: number },
  { weightBp, stepsAfter }: StepAt,
): number {
  const baseline = shareAbove(sample, own);
  const level = ladderLevel({ method: "odds-ratio", rate: baseline, marginLogOdds: 0 }, stepsAfter);
  if (level === null) return 0;
  const canary = shareAbove(sample, (1 + margin) * own);
  return sessionsToEvidence({ baseline, canary, canaryWeight: weightBp / 10_000 }, level, ACCEPT_AT_LOG_E);
}
