const HALVINGS = 50;

/**
 * The smallest rise of the bad rate, as an absolute difference, that a gate finds on average within so many canary sessions;
 * null when not even a canary in which everything is bad would be found. By bisection, since the sessions needed fall with
 * the size of the rise. `sessionsToFind`: the planning formula of the gate's test, for a canary's rate.
 */
export function smallestDetectableRise(plan: {
  readonly baselineRate: number;
  readonly canarySessions: number;
  readonly sessionsToFind: (canaryRate: number) => number;
}): number | null {
  const { baselineRate, canarySessions, sessionsToFind } = plan;
  const isFound = (rise: number): boolean => sessionsToFind(baselineRate + rise) <= canarySessions;
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
