import type { ArmCounts } from "./block.ts";
import type { Decision } from "./decide.ts";
import type { GateSpec } from "./gate-spec.ts";

export type Verdict =
  | { readonly kind: "pass" }
  /**
   * `evidence`: logE reached its threshold. `slo`: three bad windows and two thirds of the evidence (the fast path). `promise`: as
   * `evidence`, by sessions that began after the promotion.
   */
  | { readonly kind: "fail"; readonly because: "evidence" | "slo" | "promise" }
  | { readonly kind: "inconclusive"; readonly waitingFor: string }
  | { readonly kind: "invalid"; readonly because: string };

export type Range = { readonly low: number; readonly high: number };

export type RatesReading = {
  /** 95 % confidence sequence, as odds ratio and as absolute difference of the bad rates. */
  readonly oddsRatio: Range;
  readonly difference: Range;
  /** Posterior that the canary is worse; for people, never for the decision. */
  readonly probabilityWorse: number;
};

export type ValuesReading = {
  /** `mean`, or the quantile such as `p95`. */
  readonly statistic: string;
  readonly baseline: number | null;
  readonly canary: number | null;
  /** Where values are cut off for the test of means; null before it is frozen, and for quantiles. */
  readonly cap: number | null;
  /** 95 % confidence sequences: of the ratio of geometric means, and of each arm's quantile. Null where too little is known. */
  readonly ratio: Range | null;
  readonly baselineRange: Range | null;
  readonly canaryRange: Range | null;
};

/** One difference of tool use. */
export type Finding = {
  readonly sentence: string;
  readonly baselineRate: number;
  readonly canaryRate: number;
  readonly logE: number;
  /** It may be named with a false discovery rate of 5 %. */
  readonly isEstablished: boolean;
};

export type SegmentReading = { readonly segment: string; readonly totals: ArmCounts; readonly logE: number };

/**
 * What sessions after the promotion have shown of a promise. `found` beside `bound`: a share of bad sessions, or a mean in the gate's own
 * unit. A session that was not over when its time came counts as a good one.
 */
export type PromiseReading = {
  readonly kind: "rate" | "mean";
  readonly sessions: number;
  readonly found: number;
  readonly bound: number;
};

export type LandmarkReport = {
  readonly ageMs: number;
  readonly totals: ArmCounts;
  readonly logE: number;
  /** Where either view rejects by itself, each having half of the error rate: ln(2/α_g). Null where both are averaged. */
  readonly rejectAtLogE: number | null;
};

/** One gate's verdict with all the evidence a person needs to trust it. Logarithms are natural. */
export type GateReport = {
  readonly gate: GateSpec;
  readonly verdict: Verdict;
  /** Sessions over all blocks; bad: of a mean those beyond its cap, of a quantile those beyond the baseline's own. */
  readonly totals: ArmCounts;
  /**
   * Evidence of harm, and where it rejects: ln(1/α_g), and ln(1/(1.5 α_g)) for the fast path. Of two views that are read apart:
   * half of what the clearer one shows.
   */
  readonly logE: number;
  readonly rejectAtLogE: number;
  readonly fastPathAtLogE: number;
  /** Consecutive merged windows that broke the objective, and that kept it. */
  readonly brokenWindows: number;
  readonly cleanWindows: number;
  /** What a sequential probability ratio test is designed to find; null for any other. The ratio: null before the reference. */
  readonly design: { readonly mde: number; readonly oddsRatio: number | null } | null;
  /** What the arms' rates of bad sessions look like; null for a gate that does not compare rates. */
  readonly rates: RatesReading | null;
  /** What their values look like; null for a gate that reads none. */
  readonly values: ValuesReading | null;
  /** Differences of tool use, the clearest first; empty for a gate that does not look at it. */
  readonly findings: readonly Finding[];
  /** Each segment by itself, the worst evidence first; empty for a gate that has none. */
  readonly segments: readonly SegmentReading[];
  /** Sessions at one age, "bad or not over by then"; null for a gate that does not ask. */
  readonly landmark: LandmarkReport | null;
  readonly nonInferiority: {
    readonly referenceRate: number | null;
    /**
     * `odds-ratio`: conditional, against an odds ratio. `rate`: the metric is rare (reference below half the margin) or its
     * bound a promise, so the canary's own rate is bounded. `mean`: against the margin of means. `exceedance`: the odds of
     * lying beyond the stretched quantile. `sessions`: no margin, only enough of them. Null until the reference is frozen.
     */
    readonly method: "odds-ratio" | "rate" | "mean" | "exceedance" | "sessions" | null;
    /** What must be excluded to leave this step, after `method`: an odds ratio, a rate, a margin; null when nothing. */
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
  /** The gate's objective in sessions that began after the promotion; null before the first of them, and for a gate without. */
  readonly promise: PromiseReading | null;
  /** About how many more canary sessions until a verdict; null when there is one or it cannot be estimated. */
  readonly moreCanarySessions: number | null;
};

/** What all gates together say about one step. */
export type Judgement = Omit<Decision, "isSampleRatioMismatch"> & {
  readonly reports: readonly GateReport[];
  readonly sampleRatio: { readonly logE: number; readonly alarmAtLogE: number; readonly isMismatch: boolean };
};
