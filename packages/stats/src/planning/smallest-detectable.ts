const HALVINGS = 50;

/**
 * The smallest effect that a gate finds on average within so many canary sessions; null when not even the largest would be
 * found. By bisection, since the sessions needed fall with the size of the effect. `sessionsToFind`: the planning formula of the
 * gate's test, for an effect of a size.
 */
export function smallestDetectable(plan: {
  readonly largest: number;
  readonly canarySessions: number;
  readonly sessionsToFind: (effect: number) => number;
}): number | null {
  const { largest, canarySessions, sessionsToFind } = plan;
  const isFound = (effect: number): boolean => sessionsToFind(effect) <= canarySessions;
  if (!(largest > 0) || !isFound(largest)) return null;
  let [low, high] = [0, largest];
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (isFound(middle)) high = middle;
    else low = middle;
  }
  return high;
}
