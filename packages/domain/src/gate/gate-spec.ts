/** What a session is judged by. `score.<name>` reads the session's score of that name: below 0.5 is a failure. */
export type Metric = "escalation-rate" | "error-rate" | "tool-error-rate" | `score.${string}`;

/** One gate as the controller uses it: parsed, defaults filled in, its share of the error budget worked out. */
export type GateSpec = {
  readonly name: string;
  readonly of: Metric;
  /** The bad direction. Score metrics are bad when low: their rate of *failures* is what is compared. */
  readonly direction: "increase" | "decrease";
  /** Absolute bound on the canary's rate in the metric's own direction (`max` of escalations, `min` of successes). */
  readonly objective: { readonly max: number } | { readonly min: number } | null;
  /** Δ: the absolute increase of the bad rate that is still acceptable, 0..1; non-inferiority is judged against it. */
  readonly margin: number;
  readonly role: "guardrail" | "signal" | "muted";
  readonly onFail: "rollback" | "pause";
  /** With `rollback`: its rejection means that the canary's sessions are not left with it either. Lacking: no. */
  readonly evicts?: boolean;
  /** With `rollback`: going back would be worse, so its rejection stops the rollout where it stands. Lacking: no. */
  readonly freezes?: boolean;
  /** α_g, this gate's share of the family-wise error rate (`statistics.md` 3.9, split rule). */
  readonly alpha: number;
};
