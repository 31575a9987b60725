import type { GateView } from "@perch/api";

export type Range = { readonly low: number; readonly high: number };

const STEPS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1] as const;

/** The objective as the largest bad rate that still keeps it; null without one. */
export function objectiveBadRate(gate: GateView): number | null {
  if (gate.objective?.max !== undefined) return gate.objective.max;
  return gate.objective?.min === undefined ? null : 1 - gate.objective.min;
}

/** The right end of both rate bars: the first round number that holds the rates and the objective. */
export function rateScale(gate: GateView): number {
  const largest = Math.max(gate.baseline.rate ?? 0, gate.canary.rate ?? 0, objectiveBadRate(gate) ?? 0);
  return STEPS.find((step) => step >= largest * 1.05) ?? 1;
}

/** Both ends of the axis of a difference of rates: symmetric about no difference, so that zero is always in the middle. */
export function differenceScale({ low, high }: Range, margin: number): number {
  const largest = Math.max(Math.abs(low), Math.abs(high), margin);
  return STEPS.find((step) => step >= largest * 1.05) ?? 1;
}
