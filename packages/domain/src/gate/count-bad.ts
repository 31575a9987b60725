import type { ArmCounts } from "./block.ts";

/** How many of each arm are bad; those of which nothing is said are not counted. */
export function countBad<T extends { readonly arm: string }>(
  sessions: readonly T[],
  isBadOf: (session: T) => boolean | null,
): ArmCounts {
  const counts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
  for (const session of sessions) {
    const isBad = isBadOf(session);
    if (isBad === null) continue;
    if (session.arm === "canary") {
      counts.canarySessions += 1;
      if (isBad) counts.canaryBad += 1;
    } else {
      counts.baselineSessions += 1;
      if (isBad) counts.baselineBad += 1;
    }
  }
  return counts;
}
