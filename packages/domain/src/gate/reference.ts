import { designLogOdds } from "@perch/stats";
import type { ArmCounts } from "./block.ts";

/** Baseline sessions from which their rate may serve as the reference. */
export const MIN_REFERENCE_SESSIONS = 100;
/** Where the grid of odds ratios ends. */
const LARGEST_LOG_ODDS = Math.log(30);

/**
 * The baseline's rate as it was frozen, and how non-inferiority is judged against it:
 * `odds-ratio`: conditionally, the margin being an odds ratio; `rate`: the metric is rare, so the canary's own rate is
 * bounded, because two arms that are never bad tell nothing about an odds ratio.
 */
export type Reference =
  | { readonly method: "odds-ratio"; readonly rate: number; readonly marginLogOdds: number }
  | { readonly method: "rate"; readonly rate: number; readonly marginRate: number };

/**
 * Freezes a reference. Rare means rate < Δ/2; the choice depends on nothing that comes later. The margin's odds ratio is
 * m = logit(p_ref + Δ) − logit(p_ref), at most ln 30, where the grid ends (`statistics.md` 3.9.2).
 */
export function freezeReference(rate: number, margin: number): Reference {
  if (rate < margin / 2) return { method: "rate", rate, marginRate: margin };
  return { method: "odds-ratio", rate, marginLogOdds: logOddsOfRise(rate, margin) };
}

/** ln of the odds ratio that a rise of the bad rate amounts to at a reference rate; at most ln 30. */
export function logOddsOfRise(rate: number, rise: number): number {
  return rate > 0 && rate + rise < 1 ? Math.min(designLogOdds(rate, rise), LARGEST_LOG_ODDS) : LARGEST_LOG_ODDS;
}

/** The reference that the baseline arm itself gives once it has enough sessions; null before. */
export function referenceFromBaseline(totals: ArmCounts, margin: number): Reference | null {
  if (totals.baselineSessions < MIN_REFERENCE_SESSIONS) return null;
  return freezeReference(totals.baselineBad / totals.baselineSessions, margin);
}
