import { parseRolloutEvent, type RolloutEvent } from "@perch/domain";
import type { Attempt, History, Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

/** A rollout that was taken back, and the moment from which on nobody new meets its canary. */
export type TakenBack = {
  readonly rollout: string;
  readonly canary: string;
  readonly doneAt: number;
};

/** The ledger's times are whole milliseconds. */
const ROUNDED_MS = 1;

/** Nobody is newly assigned to a canary after the ledger says that every gateway has left it, or is fenced. */
export function judgeLeaks(history: IndexedHistory): readonly Violation[] {
  const takenBack = new Map(takenBackIn(history).map((one) => [one.canary, one]));
  return history.conversations.flatMap(({ name, attempts }): Violation[] => {
    const [first] = attempts.toSorted((a, b) => a.sentAt - b.sentAt);
    const served = attempts.flatMap(({ id }) => history.servedBy.get(id) ?? []);
    const found = served.map((release) => takenBack.get(release)).find((one) => one !== undefined);
    if (first === undefined || found === undefined || first.sentAt <= found.doneAt + ROUNDED_MS) return [];
    return [{ kind: "leaked", conversation: name, message: messageOf(first, found) }];
  });
}

function messageOf({ sentAt }: Attempt, { rollout, doneAt }: TakenBack): string {
  const late = Math.round(sentAt - doneAt);
  return `its first request was sent ${late} ms after rollout ${rollout} was taken back everywhere, and met the canary`;
}

export function takenBackIn({ ledger }: Pick<History, "ledger">): readonly TakenBack[] {
  const canaries = new Map<string, string>();
  const takenBack: TakenBack[] = [];
  for (const entry of ledger) {
    if (entry.subject.startsWith("agent/")) continue;
    const event: RolloutEvent = parseRolloutEvent(entry);
    if (event.type === "applied") canaries.set(entry.subject, event.canary.digest);
    if (event.type !== "synced") continue;
    const canary = canaries.get(entry.subject);
    if (canary === undefined || !["RollingBack", "Aborting", "Superseding"].includes(event.of.kind)) continue;
    takenBack.push({
      rollout: entry.subject,
      canary,
      doneAt: event.at,
    });
  }
  return takenBack;
}
