import type { CohortMember, Digest, SignsOfLife, SignsOfLifeQuery, TurnRecord } from "@perch/domain";

/** How a session stands by its records. */
export function standingOf(records: readonly TurnRecord[]): Pick<CohortMember, "lastTurnAt" | "isEnded"> {
  const ends = records.filter(({ kind }) => kind === "turn").map(endOf);
  return {
    lastTurnAt: ends.length === 0 ? null : Math.max(...ends),
    isEnded: records.some((record) => record.endsSession || record.kind === "sessionEnd"),
  };
}

export function signsOfLife(
  records: readonly TurnRecord[],
  { agent, baseline, canary, since, everyMs }: SignsOfLifeQuery,
): SignsOfLife {
  const turns = records.filter((one) => one.kind === "turn" && one.agent === agent);
  const of = (release: Digest): readonly number[] => {
    const ends = turns.filter((turn) => turn.release === release && endOf(turn) >= since).map(endOf);
    const lasts = [...Map.groupBy(ends, (end) => Math.floor(end / everyMs)).values()];
    return lasts.map((group) => Math.max(...group)).toSorted((a, b) => a - b);
  };
  return { baseline: of(baseline), canary: of(canary) };
}

function endOf({ startedAt, durationMs }: TurnRecord): number {
  return startedAt + durationMs;
}
