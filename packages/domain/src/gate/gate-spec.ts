/** What makes a session bad, yes or no. `score.<name>` reads the session's score of that name: below a limit is a failure. */
export type Metric = "escalation-rate" | "error-rate" | "tool-error-rate" | "failure-rate" | `score.${string}`;

/** A share of what happened in one session, 0..1. */
export type ShareMetric = "failed-turns" | "failed-tool-calls" | "invalid-arguments" | "retried-calls";

/** A time of one session, in ms. */
export type TimeMetric = "duration" | "slowest-turn" | "first-response" | "slowest-first-byte";

/** A number of one session. Never below 0 but for `sentiment`, −1..1, and scores, which are whatever they are. */
export type ValueMetric =
  | TimeMetric
  | ShareMetric
  | "cost"
  | "cost-per-resolution"
  | "tool-calls"
  | "model-calls"
  | "tokens"
  | "turns"
  | "retries"
  | "loops"
  | "sentiment"
  | `score.${string}`;

/** Which features of a session's tool use are compared. */
export type Structure = "trace.structure" | "trace.tool_ngrams" | "trace.argument_shapes" | "trace.loops";

export type Objective = { readonly max: number } | { readonly min: number };

type Common = {
  readonly name: string;
  /** The bad direction. Score metrics are bad when low. */
  readonly direction: "increase" | "decrease";
  readonly role: "guardrail" | "signal" | "muted";
  readonly onFail: "rollback" | "pause";
  /** With `rollback`: its rejection means that the canary's sessions are not left with it either. Lacking: no. */
  readonly evicts?: boolean;
  /** With `rollback`: going back would be worse, so its rejection stops the rollout where it stands. Lacking: no. */
  readonly freezes?: boolean;
  /** α_g, this gate's share of the family-wise error rate (`statistics.md` 3.9, split rule). */
  readonly alpha: number;
};

/** Compares how many sessions are bad. */
export type CountGate = Common & {
  readonly kind: "proportion" | "score";
  readonly of: Metric;
  /** Absolute bound on the canary's rate in the metric's own direction (`max` of escalations, `min` of successes). */
  readonly objective: Objective | null;
  /** Δ: the absolute increase of the bad rate that is still acceptable, 0..1; non-inferiority is judged against it. */
  readonly margin: number;
  /** The absolute increase that a sequential probability ratio test is designed to find. Lacking: bets on increases of any size. */
  readonly mde?: number;
  /** A score below it is bad. Lacking: 0.5. */
  readonly badBelow?: number;
  /** Also judged for each of these by itself. Lacking: only as a whole. */
  readonly segments?: SegmentBy;
  /** Also judged at an age, as "bad or not over by then". Lacking: only when ended. */
  readonly landmark?: Landmark;
};

/**
 * `ageMs`: null for the 90th percentile of history. `readAt: age`: sessions are read when the youngest of their block has that
 * age, and each view has half of the gate's error rate to itself. Lacking, in rollouts of older versions: they are read with
 * their block, and both views are averaged.
 */
export type Landmark = { readonly ageMs: number | null; readonly readAt?: "age" };

export type SegmentBy = "intent" | "tool";

/** Compares means of capped values; `rate`: of each session's share of what went wrong in it. */
export type MeanGate = Common & {
  readonly kind: "mean" | "rate";
  readonly of: ValueMetric;
  /** Bound on the canary's mean over a window. */
  readonly objective: Objective | null;
  /** How much worse is still acceptable: a share of the baseline's mean, or an amount in the metric's own unit. */
  readonly margin: { readonly relative: number } | { readonly absolute: number };
  /** Where values lie. Null: from 0 up, capped at the frozen 99th percentile of the baseline. */
  readonly range: { readonly low: number; readonly high: number } | null;
};

/** Compares a high quantile; more is worse. */
export type QuantileGate = Common & {
  readonly kind: "quantile";
  readonly of: ValueMetric;
  readonly q: number;
  /** Bound on the canary's quantile over a window. */
  readonly objective: { readonly max: number } | null;
  /** How much larger the quantile may be, as a share. */
  readonly margin: number;
};

/** Compares how often features of tool use occur, either way. */
export type DistributionGate = Common & {
  readonly kind: "distribution";
  readonly of: Structure;
};

/**
 * Compares with a promise instead of with the baseline. With a q: at most a share 1 − q of the sessions may lie beyond the
 * objective. Without one the objective bounds the rate of bad sessions.
 */
export type AbsoluteGate = Common & {
  readonly kind: "absolute";
  readonly objective: Objective;
} & (
    | { readonly of: Metric; readonly q: null; readonly badBelow?: number }
    | { readonly of: ValueMetric; readonly q: number }
  );

/** One gate as the controller uses it: parsed, defaults filled in, its share of the error budget worked out. */
export type GateSpec = CountGate | MeanGate | QuantileGate | DistributionGate | AbsoluteGate;
