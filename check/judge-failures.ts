import { compareKeys, type Attempt, type Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

export type Failures = {
  readonly violations: readonly Violation[];
  /** Requests that failed as the faults explain, by what the client saw. */
  readonly explained: Readonly<Record<string, number>>;
};

/** A process that has just begun, or was killed, says so to its clients' connections a little later. */
const NOTICED_AFTER_MS = 500;

/** Every request gets its own answer, but for those that a fault kept from it; and every turn gets one in the end. */
export function judgeFailures(history: IndexedHistory): Failures {
  const explained: Record<string, number> = {};
  const violations: Violation[] = [];
  for (const { name, attempts, unanswered } of history.conversations) {
    const problem = (kind: Violation["kind"], message: string): void =>
      void violations.push({ kind, conversation: name, message });
    if (unanswered > 0) problem("unanswered", `its client gave up with ${unanswered} turns to go`);
    for (const attempt of attempts) {
      const failure = failureOf(attempt);
      const wrong = failure === null ? whyWrong(attempt, history) : null;
      if (wrong !== null) problem("wrongAnswer", wrong);
      if (failure === null) continue;
      if (isExplained(attempt, history)) explained[failure] = (explained[failure] ?? 0) + 1;
      else problem("unexplainedFailure", `request ${attempt.id} at ${attempt.gateway}: ${failure}`);
    }
  }
  return { violations, explained };
}

function failureOf({ outcome }: Attempt): string | null {
  if (outcome.kind === "answered") return null;
  return outcome.kind === "refused" ? `${outcome.status} ${outcome.code}` : outcome.reason.replaceAll(/\d+/g, "N");
}

function whyWrong({ id, outcome }: Attempt, { servedBy }: IndexedHistory): string | null {
  if (outcome.kind !== "answered") return null;
  if (outcome.echoed !== id) return `request ${id} got the answer to ${outcome.echoed}`;
  if (outcome.release !== outcome.agent)
    return `request ${id} was answered by ${outcome.agent}, and the gateway says ${outcome.release}`;
  const served = servedBy.get(id) ?? [];
  return served.length === 1 && served[0] === outcome.agent
    ? null
    : `request ${id} was answered by ${outcome.agent}, and met ${served.join(" and ") || "no agent"}`;
}

function isExplained(attempt: Attempt, history: IndexedHistory): boolean {
  const { outcome, gateway, sentAt, endedAt } = attempt;
  const span = { from: sentAt, to: endedAt, afterMs: NOTICED_AFTER_MS };
  const wasDown = history.wasWrong("gatewayDown", gateway, span);
  if (outcome.kind === "broken") return wasDown;
  if (outcome.kind === "answered") return true;
  if (outcome.code === "no_routing_table") return wasDown;
  return outcome.code === "table_behind" && isBehind(attempt, history);
}

/** Another gateway had a newer table already, and placed the session by it. */
function isBehind({ gateway, sentAt, endedAt }: Attempt, history: IndexedHistory): boolean {
  const acked = history.ackedBy(gateway, sentAt);
  return [...history.tables].some(
    ([revision, { firstSeenAt }]) => firstSeenAt <= endedAt && (acked === null || compareKeys(revision, acked) > 0),
  );
}
