import type { Reference } from "./reference.ts";

/** Odds ratios to exclude before leaving the step before the last, and the one before that (`statistics.md` 3.10). */
const LOG_ODDS_LEVELS = [Math.log(2), Math.log(4)] as const;
/** The same for rare metrics, as multiples of the margin: about what those odds ratios amount to at 8 % and 4 points. */
const RATE_LEVELS = [2, 4] as const;
const LARGEST_RATE_LEVEL = 0.5;

/** The margin of a mean on the last step and on the ones before it, as multiples of what the file says. */
export const MEAN_LEVELS: readonly number[] = [1, ...RATE_LEVELS];

/** Whether a step this far from the end asks for evidence of non-inferiority at all. */
export function asksForNonInferiority(stepsAfter: number): boolean {
  return stepsAfter <= LOG_ODDS_LEVELS.length;
}

export const LADDER_LOG_ODDS: readonly number[] = LOG_ODDS_LEVELS;

/**
 * What must be excluded before this step may be left, `stepsAfter` steps before the end: the margin itself on the last
 * step, wider levels on the two before, nothing (null) earlier. A log odds ratio or a rate, after the reference's method;
 * never stricter than the margin.
 */
export function ladderLevel(reference: Reference, stepsAfter: number): number | null {
  if (!asksForNonInferiority(stepsAfter)) return null;
  return reference.method === "odds-ratio"
    ? Math.max(reference.marginLogOdds, LOG_ODDS_LEVELS[stepsAfter - 1] ?? 0)
    : ladderRate(reference.marginRate, stepsAfter);
}

/** The rate that the canary's own must be shown to lie below, for a step that asks for it. */
export function ladderRate(bound: number, stepsAfter: number): number {
  return Math.max(bound, Math.min(bound * (RATE_LEVELS[stepsAfter - 1] ?? 1), LARGEST_RATE_LEVEL));
}
