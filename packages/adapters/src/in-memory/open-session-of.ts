import type { OpenSession, TurnRecord } from "@perch/domain";

/** A session by its records, as one that has not matured; none for no records. */
export function openSessionOf(records: readonly TurnRecord[]): OpenSession[] {
  const [first] = records;
  if (first === undefined) return [];
  return [
    {
      agent: first.agent,
      session: first.session,
      lastActivityAt: Math.max(...records.map((record) => record.startedAt + record.durationMs)),
      isEnded: records.some((record) => record.endsSession || record.kind === "sessionEnd"),
    },
  ];
}
