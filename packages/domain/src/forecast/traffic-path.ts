/** A stretch of time at one weight. */
export type Stretch = { readonly weightBp: number; readonly durationMs: number };

/** How far a search came: canary sessions that had begun by then, and the time since the first step began. */
export type Reached = { readonly canarySessions: number; readonly ms: number };

const MINUTE_MS = 60_000;

export function canarySessionsIn({ weightBp, durationMs }: Stretch, sessionsPerMinute: number): number {
  return (weightBp / 10_000) * sessionsPerMinute * (durationMs / MINUTE_MS);
}

/** How long a weight takes to bring so many canary sessions; Infinity without traffic. */
export function timeFor(canarySessions: number, weightBp: number, sessionsPerMinute: number): number {
  if (canarySessions <= 0) return 0;
  const perMinute = (weightBp / 10_000) * sessionsPerMinute;
  return perMinute > 0 ? (canarySessions / perMinute) * MINUTE_MS : Infinity;
}

/**
 * When evidence that needs `needAt(weight)` canary sessions at one weight alone is complete along a path of several: each
 * stretch brings its part of what it alone would need. Null: not within the path.
 */
export function whenReached(
  path: readonly Stretch[],
  sessionsPerMinute: number,
  needAt: (weightBp: number) => number,
): Reached | null {
  let [share, sessions, ms] = [0, 0, 0];
  for (const stretch of path) {
    const need = needAt(stretch.weightBp);
    const here = canarySessionsIn(stretch, sessionsPerMinute);
    const missing = (1 - share) * need;
    if (missing <= here) {
      return { canarySessions: sessions + missing, ms: ms + timeFor(missing, stretch.weightBp, sessionsPerMinute) };
    }
    if (here > 0) share += here / need;
    sessions += here;
    ms += stretch.durationMs;
  }
  return null;
}

/** The part of such evidence that a whole path brings; 1 or more: all of it. */
export function shareReached(
  path: readonly Stretch[],
  sessionsPerMinute: number,
  needAt: (weightBp: number) => number,
): number {
  return path.reduce((share, stretch) => {
    const here = canarySessionsIn(stretch, sessionsPerMinute);
    return here === 0 ? share : share + here / needAt(stretch.weightBp);
  }, 0);
}
