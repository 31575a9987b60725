import { parseRolloutEvent, type RolloutEvent } from "@perch/domain";
import type { History, Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

/** A rollout that was taken back, and the moment from which on nobody new meets its canary. */
export type TakenBack = {
  readonly rollout: string;
  readonly canary: string;
  readonly decidedAt: number;
  readonly doneAt: number;
};

/** The ledger's times are whole milliseconds. */
const ROUNDED_MS = 1;

/** Nobody is newly assigned to a canary after the ledger says that every gateway has taken it back, or is fenced. */
export function judgeLeaks(history: IndexedHistory): readonly Violation[] {
  const takenBack = new Map(takenBackIn(history).map((one) => [one.canary, one]));
  const violations: Violation[] = [];
  const leak = (conversation: string, at: number, { rollout, doneAt }: TakenBack): void => {
    const late = Math.round(at - doneAt);
    const message = `its first request was sent ${late} ms after rollout ${rollout} was taken back everywhere, and met the canary`;
    violations.push({ kind: "leaked", conversation, message });
  };
  for (const { name, attempts } of history.conversations) {
    const firstSentAt = Math.min(...attempts.map(({ sentAt }) => sentAt));
    const served = attempts.flatMap(({ id }) => history.servedBy.get(id) ?? []);
    const found = served.map((release) => takenBack.get(release)).find((one) => one !== undefined);
    if (found !== undefined && firstSentAt > found.doneAt + ROUNDED_MS) leak(name, firstSentAt, found);
  }
  return violations;
}

export function takenBackIn({ ledger }: Pick<History, "ledger">): readonly TakenBack[] {
  const canaries = new Map<string, string>();
  const decided = new Map<string, number>();
  const takenBack: TakenBack[] = [];
  for (const entry of ledger) {
    if (entry.subject.startsWith("agent/")) continue;
    const event: RolloutEvent = parseRolloutEvent(entry);
    if (event.type === "applied") canaries.set(entry.subject, event.canary.digest);
    if (event.type === "rollbackRequested" || event.type === "abortRequested") decided.set(entry.subject, event.at);
    if (event.type !== "synced" || !["RollingBack", "Aborting"].includes(event.of.kind)) continue;
    const [canary, decidedAt] = [canaries.get(entry.subject), decided.get(entry.subject)];
    if (canary === undefined || decidedAt === undefined) continue;
    takenBack.push({ rollout: entry.subject, canary, decidedAt, doneAt: event.at });
  }
  return takenBack;
}
