import { StatsError } from "../numeric/error.ts";

/** A 2×2 table: sessions of both arms in one block, and how many of them were bad. */
export type BlockCounts = {
  readonly baselineSessions: number;
  readonly baselineBad: number;
  readonly canarySessions: number;
  readonly canaryBad: number;
};

/**
 * Whether the table says anything about the odds ratio: both arms have sessions, and neither all nor none are bad.
 * Otherwise its conditional likelihood is the same for every odds ratio. Throws `StatsError` `counts_impossible`.
 */
export function isInformative(counts: BlockCounts): boolean {
  const { baselineSessions, baselineBad, canarySessions, canaryBad } = counts;
  if (!isArm(baselineSessions, baselineBad) || !isArm(canarySessions, canaryBad)) {
    throw new StatsError({
      code: "counts_impossible",
      message:
        `found ${baselineBad} bad of ${baselineSessions} baseline and ${canaryBad} bad of ${canarySessions} canary ` +
        "sessions, expected whole numbers with bad ≤ sessions",
      hint: "count each session once, and only those that were scored",
    });
  }
  const bad = baselineBad + canaryBad;
  const sessions = baselineSessions + canarySessions;
  return baselineSessions > 0 && canarySessions > 0 && bad > 0 && bad < sessions;
}

function isArm(sessions: number, bad: number): boolean {
  return Number.isSafeInteger(sessions) && Number.isSafeInteger(bad) && bad >= 0 && bad <= sessions;
}
