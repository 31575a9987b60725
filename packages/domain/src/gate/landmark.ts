import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { MaturedSession } from "../telemetry/session.ts";

/** At which age sessions are looked at when neither the file nor history says (`statistics.md` 3.8). */
export const DEFAULT_LANDMARK_MS = 1_800_000;

export type LandmarkRule = {
  readonly ageMs: number;
  /** How long a session that nobody ends is silent before it counts as over. */
  readonly idleTimeoutMs: number;
  readonly badOf: (session: MaturedSession) => boolean | null;
};

/**
 * Whether a session was "bad, or not known to be over" at an age, counted from its assignment. Every session of a block has an
 * answer, so one that takes longer because it fails cannot hide behind being unfinished. Null: over, and the metric is silent.
 * Source: `statistics.md` 3.8.
 */
export function landmarkOf(
  { assignedAt, matured }: Pick<CohortMember, "assignedAt" | "matured">,
  { ageMs, idleTimeoutMs, badOf }: LandmarkRule,
): boolean | null {
  if (matured === null || overAt(matured, idleTimeoutMs) - assignedAt > ageMs) return true;
  return badOf(matured);
}

/** When a session could first be known to be over: at its end, or when it had been silent for so long. */
export function overAt({ endedAt, endedBy }: MaturedSession, idleTimeoutMs: number): number {
  return endedBy === "idle" ? endedAt + idleTimeoutMs : endedAt;
}
