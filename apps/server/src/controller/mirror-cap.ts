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
  for (const of of ["turns", "requestBytes", "sessions"] as const) {
    if (spent[of] < caps[of]) continue;
    const reason = `the spend cap of ${caps[of]} ${WORDS[of]} is reached`;
    return { type: "mirrorStopped", at, reason, stops: of === "sessions" ? "newSessions" : "everything" };
  }
  return null;
}
