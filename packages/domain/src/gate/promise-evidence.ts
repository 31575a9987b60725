import {
  observeBetting,
  observeRollbackTest,
  openBettingTest,
  openRollbackTest,
  rateLogLikelihood,
  ROLLBACK_LOG_ODDS,
  type BettingTest,
  type RollbackTest,
} from "@perch/stats";
import { NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, Block } from "./block.ts";
import { countAbove } from "./count-above.ts";
import type { GateSpec } from "./gate-spec.ts";
import { absoluteCounts, valuesOfBlock } from "./learnt.ts";
import type { PromiseTerms } from "./promise.ts";

type TermsOf<Kind extends PromiseTerms["kind"]> = Extract<PromiseTerms, { readonly kind: Kind }>;

/**
 * What sessions that began after the promotion have shown against a gate's promise. `against`: bad sessions of a rate; of a mean the
 * sum of its values, in the unit of the terms. Sessions that were not over when their block was read count as the best there are.
 */
export type PromiseEvidence = {
  readonly sessions: number;
  readonly against: number;
  /** ln E of the comparison when the first of them was read: half of that money is put on the promise. */
  readonly stakedLogE: number;
} & (
  | { readonly kind: "rate"; readonly terms: TermsOf<"rate">; readonly test: RollbackTest }
  | { readonly kind: "mean"; readonly terms: TermsOf<"mean">; readonly test: BettingTest }
);

export function openPromise(terms: PromiseTerms, stakedLogE: number, plannedBlocks: number): PromiseEvidence {
  const nothing = { sessions: 0, against: 0, stakedLogE };
  return terms.kind === "rate"
    ? { ...nothing, kind: "rate", terms, test: openRollbackTest(plannedBlocks) }
    : { ...nothing, kind: "mean", terms, test: openBettingTest(-1) };
}

/** H0: the promise is kept. Both tests are supermartingales from 1 under it, at any looks (`docs/decisions/0081`). */
export function observePromise(evidence: PromiseEvidence, gate: GateSpec, block: Block): PromiseEvidence {
  if (evidence.kind === "mean") return observeMean(evidence, valuesOfBlock(block, gate.name).canary, block);
  const { sessions, bad } = countsOf(gate, block);
  const seen = { sessions: sessions + block.unresolved, bad };
  if (seen.sessions === 0) return evidence;
  return {
    ...evidence,
    sessions: evidence.sessions + seen.sessions,
    against: evidence.against + bad,
    test: observeRollbackTest(evidence.test, rateLogLikelihood(seen, evidence.terms.bound, ROLLBACK_LOG_ODDS)),
  };
}

type MeanPromise = Extract<PromiseEvidence, { readonly kind: "mean" }>;

/** Bets on x = value / bound − 1, which is −1 at best and has no positive expectation while the promise is kept. */
function observeMean(evidence: MeanPromise, values: readonly number[], { unresolved }: Block): PromiseEvidence {
  const { best, sign, bound, cap } = evidence.terms;
  const costs = values.map((value) => Math.min(cap, Math.max(0, sign * (value - best))));
  const all = [...costs, ...Array.from({ length: unresolved }, () => 0)];
  return {
    ...evidence,
    sessions: evidence.sessions + all.length,
    against: all.reduce((sum, cost) => sum + cost, evidence.against),
    test: all.reduce((test, cost) => observeBetting(test, cost / bound - 1), evidence.test),
  };
}

/** Of sessions that were over. */
function countsOf(gate: GateSpec, block: Block): { readonly sessions: number; readonly bad: number } {
  const { canarySessions, canaryBad } = armCountsOf(gate, block);
  return { sessions: canarySessions, bad: canaryBad };
}

function armCountsOf(gate: GateSpec, block: Block): ArmCounts {
  const counts = block.counts[gate.name] ?? NO_COUNTS;
  if (gate.kind === "absolute") return absoluteCounts(gate, counts, valuesOfBlock(block, gate.name));
  if (gate.kind !== "quantile") return counts;
  const limit = gate.objective?.max ?? Infinity;
  return countAbove(valuesOfBlock(block, gate.name), { baseline: limit, canary: limit });
}
