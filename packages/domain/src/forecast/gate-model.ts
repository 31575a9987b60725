import type { GateSpec } from "../gate/gate-spec.ts";
import type { EffectKind } from "./forecast.ts";

/** ln(1/α_NI): evidence of non-inferiority that lets a gate pass. */
export const ACCEPT_AT_LOG_E = -Math.log(0.05);
/** A rate this close to 1 has no odds that a number can hold. */
export const IMPOSSIBLE = 1e-9;

/** A step as gates see it: the canary's weight, and how many steps follow. */
export type StepAt = { readonly weightBp: number; readonly stepsAfter: number };

/** What one gate needs, if the baseline stays as it is known. Sizes of effects are in the gate's own `effect`. */
export type GateModel = {
  readonly gate: GateSpec;
  /** What is known of the baseline: its rate of bad sessions, mean, quantile, or number of compared features. */
  readonly baseline: { readonly statistic: string; readonly value: number };
  /** How many sessions say so; null: it is assumed. */
  readonly sessions: number | null;
  readonly effect: EffectKind;
  readonly largest: number;
  /** Harms that a person can picture. */
  readonly pictured: readonly number[];
  /** Canary sessions at one weight alone until a canary as good as the baseline may leave the step. 0: nothing is asked. */
  readonly toPass: (at: StepAt) => number;
  /** Canary sessions at one weight alone until a harm of a size is found. */
  readonly toFind: (effect: number, weightBp: number) => number;
};
