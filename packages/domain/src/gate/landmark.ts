import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { MaturedSession } from "../telemetry/session.ts";

/** At which age sessions are looked at when neither the file nor history says (`statistics.md` 3.8). */
export const DEFAULT_LANDMARK_MS = 1_800_000;

/**
 * Whether a session was "bad, or not over" at an age, counted from its assignment. Every session of a block has an answer,
 * so one that takes longer because it fails cannot hide behind being unfinished. Null: over, and the metric is silent.
 * Source: `statistics.md` 3.8.
 */
export function landmarkOf(
  { assignedAt, matured }: Pick<CohortMember, "assignedAt" | "matured">,
  { ageMs, badOf }: { readonly ageMs: number; readonly badOf: (session: MaturedSession) => boolean | null },
): boolean | null {
  if (matured === null || matured.endedAt - assignedAt > ageMs) return true;
  return badOf(matured);
}
