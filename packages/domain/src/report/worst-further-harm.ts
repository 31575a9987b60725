import { worstHarm } from "@perch/stats";
import type { HarmOutlook } from "../rollout/harm-ramp.ts";

/** w n H U at the next weight: excess bad outcomes at the worst rate still believed (`statistics.md` 3.11); null: unknown. */
export function worstFurtherHarm(
  { sessionsPerWindow, upperExcess }: HarmOutlook,
  nextWeightBp: number | null,
  horizonWindows: number,
): number | null {
  if (sessionsPerWindow === null || upperExcess === null || nextWeightBp === null) return null;
  return worstHarm(nextWeightBp / 10_000, { sessionsPerWindow, upperExcess }, horizonWindows);
}
