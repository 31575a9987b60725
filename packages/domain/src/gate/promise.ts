import type { GateSpec, MeanGate, Objective } from "./gate-spec.ts";
import { largestRate } from "./read-window.ts";

/**
 * What a gate promises of the canary's own sessions, whatever else is served beside it: at most a share `bound` of them is bad; or
 * the mean of a value that is 0 at best, `sign · (value − best)`, is at most `bound`, with nothing above `cap`.
 */
export type PromiseTerms =
  | { readonly kind: "rate"; readonly bound: number }
  | {
      readonly kind: "mean";
      readonly best: number;
      readonly sign: 1 | -1;
      readonly bound: number;
      readonly cap: number;
    };

/** Why a gate promises nothing that can be tested; in a person's words. */
export type NoPromise = { readonly kind: "none"; readonly because: string };

/** A value that has gone astray must not decide alone: it counts as at most so many times the promise. */
const MOST_TIMES_THE_BOUND = 10;

const WITHOUT_OBJECTIVE: NoPromise = {
  kind: "none",
  because: "it has no objective, and there is no baseline to compare with",
};

/** What is left to judge of a gate when no baseline is served beside the canary any more: its objective. */
export function promiseOf(gate: GateSpec): PromiseTerms | NoPromise {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return gate.objective === null ? WITHOUT_OBJECTIVE : rateOf(largestRate(gate.objective));
    case "quantile":
      return gate.objective === null ? WITHOUT_OBJECTIVE : rateOf(1 - gate.q);
    case "absolute":
      return rateOf(gate.q === null ? largestRate(gate.objective) : 1 - gate.q);
    case "mean":
    case "rate":
      return gate.objective === null ? WITHOUT_OBJECTIVE : meanOf(gate, gate.objective);
    case "distribution":
      return { kind: "none", because: "a difference of tool use has nothing to differ from then" };
  }
}

function rateOf(bound: number): PromiseTerms | NoPromise {
  if (bound > 0 && bound < 1) return { kind: "rate", bound };
  return {
    kind: "none",
    because: "an objective of all or of no session cannot be tested: one of them would settle it",
  };
}

function meanOf(gate: MeanGate, objective: Objective): PromiseTerms | NoPromise {
  const terms = "max" in objective ? ceilingOf(gate, objective.max) : floorOf(gate, objective.min);
  if (terms === null) {
    return { kind: "none", because: "a least mean of values without a largest one cannot be tested by itself" };
  }
  if (terms.bound > 0 && terms.bound < terms.cap) return terms;
  return { kind: "none", because: "its objective lies at the end of what values can be, or beyond" };
}

type MeanTerms = Extract<PromiseTerms, { readonly kind: "mean" }>;

function ceilingOf({ range }: MeanGate, max: number): MeanTerms {
  if (range === null) return { kind: "mean", best: 0, sign: 1, bound: max, cap: MOST_TIMES_THE_BOUND * max };
  return { kind: "mean", best: range.low, sign: 1, bound: max - range.low, cap: range.high - range.low };
}

/** Capping lowers a mean, so that without a largest value a floor would be found broken by what was cut off. */
function floorOf({ range }: MeanGate, min: number): MeanTerms | null {
  if (range === null) return null;
  return { kind: "mean", best: range.high, sign: -1, bound: range.high - min, cap: range.high - range.low };
}
