import type { GateSpec } from "../gate/gate-spec.ts";

/** What is known before a rollout begins. */
export type ForecastInput = {
  /** New sessions of the agent, both arms together. */
  readonly sessionsPerMinute: number;
  /** By gate: the baseline's rate of bad sessions (or of those beyond a promise), and how many sessions say so. Lacking: not known. */
  readonly rates: Readonly<Record<string, BaselineRate>>;
  /** By gate that compares values: the baseline's. Lacking: too few to say how they spread. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** By gate on tool use. Lacking: not known. */
  readonly features: Readonly<Record<string, BaselineFeatures>>;
  /** By gate with a landmark: at which age its sessions would be read. Lacking: not known. */
  readonly landmarks: Readonly<Record<string, BaselineLandmark>>;
  /** From a session's assignment until gates read it, typically. */
  readonly maturationMs: number;
  /** What whoever asked has found besides, e.g. that memory does not go along. */
  readonly warnings: readonly string[];
};
export type BaselineRate = { readonly rate: number; readonly sessions: number };
/** An age, and the baseline's rate of sessions that are bad or not known to be over at it. */
export type BaselineLandmark = { readonly ageMs: number; readonly rateAtAge: number };
/** How many features of tool use are compared, and how many sessions they were chosen from. */
export type BaselineFeatures = { readonly features: number; readonly sessions: number };

/**
 * What an effect of a gate is: `rise` of the rate of bad sessions; `relative` or by an `amount`, of the mean or quantile, in its
 * bad direction; `new`: the share of the canary's sessions with a use of tools that the baseline never shows.
 */
export type EffectKind = "rise" | "relative" | "amount" | "new";

/** What a gate can tell by the end of a step. */
export type GateForecast = {
  readonly gate: string;
  /** Canary sessions of this step until a canary as good as the baseline is let on; null: not in sight. */
  readonly sessionsToPass: number | null;
  /** The smallest effect that is found, on average, by then; null: none. */
  readonly smallestEffect: number | null;
};

export type StepForecast = {
  readonly weightBp: number;
  /** Since the first step began; null when an earlier step has no end in sight. */
  readonly startsAfterMs: number | null;
  /** Of a canary as good as the baseline; null: no end in sight. */
  readonly durationMs: number | null;
  /** Canary sessions that this step needs, and what needs them. */
  readonly canarySessions: number | null;
  readonly because: string;
  readonly gates: readonly GateForecast[];
  /** Canary sessions of the whole rollout that have begun by the end of the step. */
  readonly exposedByEnd: number | null;
};

/** How a harm of one size ends. */
export type HarmForecast = {
  readonly gate: string;
  /** Its size, as the gate's `effect` says. */
  readonly size: number;
  /** Of a `rise`; null for any other effect. */
  readonly baselineRate: number | null;
  readonly canaryRate: number | null;
  /** The baseline is not known but assumed. */
  readonly isAssumed: boolean;
  /** Until the evidence suffices, since the first step began; null: not before the last step would be left. */
  readonly foundAfterMs: number | null;
  /** Canary sessions that have begun by the time every gateway has the rollback. */
  readonly exposed: number;
};

/** A gate with what the forecast reckons with. */
export type ForecastGate = {
  readonly name: string;
  readonly kind: GateSpec["kind"];
  readonly role: "guardrail" | "signal" | "muted";
  readonly onFail: "rollback" | "pause";
  readonly alpha: number;
  readonly direction: GateSpec["direction"];
  readonly effect: EffectKind;
  /** What it has to be compared with: `rate` of bad sessions, `mean`, a quantile such as `p95`, or number of `features`. */
  readonly baseline: { readonly statistic: string; readonly value: number };
  /** How many of its sessions say so; null: it is assumed. */
  readonly sessions: number | null;
};

export type Forecast = {
  readonly name: string;
  readonly agent: string;
  readonly release: string;
  readonly baseline: string;
  readonly ramp: "steps" | "harm-budget";
  /** Before the first step: share and time that the release is mirrored. */
  readonly mirror: { readonly percentageBp: number; readonly durationMs: number } | null;
  readonly gates: readonly ForecastGate[];
  readonly sessionsPerMinute: number;
  readonly maturationMs: number;
  readonly steps: readonly StepForecast[];
  /** Until the promotion of a canary as good as the baseline; null: no end in sight. */
  readonly totalMs: number | null;
  /** Whom it waits for besides the gates, in order; times do not count that. */
  readonly waits: readonly string[];
  readonly harms: readonly HarmForecast[];
  /** Canary sessions at most before a rollback: all there are before the promotion, and those while it is being decided. */
  readonly worstExposure: number | null;
  readonly warnings: readonly string[];
};
