import type { MirrorCaps, Rollout, RolloutEvent } from "@perch/domain";

const WORDS: Readonly<Record<keyof MirrorCaps, string>> = {
  sessions: "sessions",
  turns: "turns",
  requestBytes: "bytes of requests",
};

/** The first spend cap that was reached; null when none was. Sessions that are mirrored already may still have their turns. */
export function capEvent({ plan }: Rollout, spent: MirrorCaps, at: number): RolloutEvent | null {
  const caps = plan.mirror?.caps;
  if (caps === undefined) return null;
  for (const unit of ["turns", "requestBytes", "sessions"] as const) {
    if (spent[unit] < caps[unit]) continue;
    const reason = `the spend cap of ${caps[unit]} ${WORDS[unit]} is reached`;
    return { type: "mirrorStopped", at, reason, stops: unit === "sessions" ? "newSessions" : "everything" };
  }
  return null;
}
