import type { ArmCounts } from "./block.ts";
import type { Decision } from "./decide.ts";
import type { GateSpec } from "./gate-spec.ts";

export type Verdict =
  | { readonly kind: "pass" }
  /** `evidence`: logE reached its threshold. `slo`: three bad windows and a fifth of the evidence (the fast path). */
  | { readonly kind: "fail"; readonly because: "evidence" | "slo" }
  | { readonly kind: "inconclusive"; readonly waitingFor: string }
  | { readonly kind: "invalid"; readonly because: string };

/** One gate's verdict with all the evidence a person needs to trust it. Logarithms are natural. */
export type GateReport = {
  readonly gate: GateSpec;
  readonly verdict: Verdict;
  /** Totals over all blocks. */
  readonly totals: ArmCounts;
  /** Evidence of harm, and where it rejects: ln(1/α_g), and ln(1/(5α_g)) for the fast path. */
  readonly logE: number;
  readonly rejectAtLogE: number;
  readonly fastPathAtLogE: number;
  /** Consecutive merged windows that broke the objective, and that kept it. */
  readonly brokenWindows: number;
  readonly cleanWindows: number;
  /** 95 % confidence sequence, as odds ratio and as absolute difference of the bad rates. */
  readonly oddsRatio: { readonly low: number; readonly high: number };
  readonly difference: { readonly low: number; readonly high: number };
  /** Posterior that the canary is worse; for people, never for the decision. */
  readonly probabilityWorse: number;
  readonly nonInferiority: {
    readonly referenceRate: number | null;
    /**
     * `odds-ratio`: conditional, against an odds ratio. `rate`: the metric is rare (reference below half the margin), so
     * the canary's own rate is bounded by the margin. Null until the reference is frozen.
     */
    readonly method: "odds-ratio" | "rate" | null;
    /** What must be excluded to leave this step: an odds ratio or a rate, after `method`; null when nothing. */
    readonly level: number | null;
    /** The odds ratio that the margin amounts to at the reference rate; null until the reference is frozen, and for `rate`. */
    readonly marginOddsRatio: number | null;
    /** Evidence against "worse than the margin", and where it accepts: ln(1/α_NI). */
    readonly logE: number;
    readonly acceptAtLogE: number;
    /** Smallest odds ratio of the ladder grid that the evidence excludes; null when none. */
    readonly upperOddsRatio: number | null;
    readonly isMet: boolean;
  };
  /** About how many more canary sessions until a verdict; null when there is one or it cannot be estimated. */
  readonly moreCanarySessions: number | null;
};

/** What all gates together say about one step. */
export type Judgement = Omit<Decision, "isSampleRatioMismatch"> & {
  readonly reports: readonly GateReport[];
  readonly sampleRatio: { readonly logE: number; readonly alarmAtLogE: number; readonly isMismatch: boolean };
};
