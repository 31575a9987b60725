import type { Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

/** Whatever a client got an answer to is in the server once, as the agent saw it; and every placement under a rollout. */
export function judgeRecords(history: IndexedHistory): readonly Violation[] {
  const turns = Map.groupBy(
    history.records.filter(({ kind }) => kind === "turn"),
    ({ attempt }) => attempt,
  );
  const violations: Violation[] = [];
  const problem = (kind: Violation["kind"], conversation: string | null, message: string): void =>
    void violations.push({ kind, conversation, message });
  for (const [id, records] of turns) {
    const attempt = history.attempts.get(id);
    if (attempt === undefined) problem("turnRecord", null, `a record is about request ${id}, which nobody sent`);
    else if (records.length > 1)
      problem("turnRecord", attempt.conversation, `request ${id} has ${records.length} records`);
  }
  for (const { id, conversation, outcome } of history.attempts.values()) {
    if (outcome.kind !== "answered") continue;
    const record = turns.get(id)?.[0];
    if (record === undefined) problem("turnRecord", conversation, `request ${id} was answered, and has no record`);
    else if (record.release !== outcome.agent || record.session !== outcome.session)
      problem(
        "turnRecord",
        conversation,
        `request ${id} of ${outcome.session} at ${outcome.agent} is recorded as of ${record.session} at ${record.release}`,
      );
  }
  return [...violations, ...missingAssignments(history), ...missingPins(history)];
}

function missingAssignments({ claims, records }: IndexedHistory): Violation[] {
  const keyOf = (session: string, release: string, rollout: string | null): string =>
    `${session} ${release} ${rollout}`;
  const assigned = new Set(
    records
      .filter(({ kind }) => kind === "assignment")
      .map(({ session, release, rollout }) => keyOf(session, release, rollout)),
  );
  return claims
    .filter(
      ({ isOwn, claim, session }) =>
        isOwn && claim.rollout !== null && !assigned.has(keyOf(session, claim.release, claim.rollout)),
    )
    .map(({ conversation, claim, session }) => ({
      kind: "assignmentRecord" as const,
      conversation: conversation.name,
      message: `${session} was placed under rollout ${claim.rollout}, and the server was never told`,
    }));
}

/** What was placed with the store at hand is in the store at the end, unless it was made to forget. */
function missingPins({ claims, pins, faults, moves }: IndexedHistory): Violation[] {
  if (faults.some(({ kind }) => kind === "storeEmptied")) return [];
  const wasAway = faults.some(({ kind }) => kind === "storeAway" || kind === "storeSlow");
  const releases = new Map<string, Set<string>>();
  for (const { session, claim } of claims)
    releases.set(session, (releases.get(session) ?? new Set()).add(claim.release));
  for (const { session, to } of moves) releases.get(session)?.add(to);
  return claims.flatMap(({ conversation, session }) => {
    const pinned = pins.get(session);
    if (pinned === undefined ? wasAway : releases.get(session)?.has(pinned) === true) return [];
    const message = `${session} is pinned to ${pinned ?? "nothing"} at the end`;
    return [{ kind: "unpinned" as const, conversation: conversation.name, message }];
  });
}
