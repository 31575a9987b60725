import { sessionsToEvidence } from "./sessions-to-evidence.ts";

const HALVINGS = 50;

/**
 * The smallest rise of the bad rate, as an absolute difference, that a gate finds on average within so many canary sessions
 * at error rate α; null when not even a canary in which everything is bad would be found. By bisection, since the sessions
 * needed fall with the size of the rise. Source: the planning formula of `statistics.md` 1.
 */
export function smallestDetectableRise(plan: {
  readonly baselineRate: number;
  readonly canaryWeight: number;
  readonly canarySessions: number;
  readonly alpha: number;
}): number | null {
  const { baselineRate, canaryWeight, canarySessions, alpha } = plan;
  const isFound = (rise: number): boolean =>
    sessionsToEvidence({ baseline: baselineRate, canary: baselineRate + rise, canaryWeight }, 0, -Math.log(alpha)) <=
    canarySessions;
  let high = 1 - baselineRate - 1e-9;
  if (high <= 0 || !isFound(high)) return null;
  let low = 0;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (isFound(middle)) high = middle;
    else low = middle;
  }
  return high;
}
