import { parseRolloutEvent, type RolloutEvent } from "@perch/domain";
import { compareKeys, revisionKey, type Attempt, type History, type Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

/** A rollout that was taken back, and the moment from which on nobody new meets its canary. */
export type TakenBack = {
  readonly rollout: string;
  readonly canary: string;
  readonly doneAt: number;
  /** It had been promoted. */
  readonly wasCurrent: boolean;
  /** The table that took it back. */
  readonly revision: string;
};

export type Leaks = {
  readonly violations: readonly Violation[];
  /**
   * New sessions at a release whose promotion had been taken back, through gateways that were cut off: what is current is
   * not leased, so those gateways go on with it until they hear.
   */
  readonly cutOffAfterPromotion: number;
};

/** The ledger's times are whole milliseconds. */
const ROUNDED_MS = 1;

/** Nobody is newly assigned to a canary after the ledger says that every gateway has taken it back, or is fenced. */
export function judgeLeaks(history: IndexedHistory): Leaks {
  const takenBack = new Map(takenBackIn(history).map((one) => [one.canary, one]));
  const violations: Violation[] = [];
  let cutOffAfterPromotion = 0;
  for (const { name, attempts } of history.conversations) {
    const [first] = attempts.toSorted((a, b) => a.sentAt - b.sentAt);
    const served = attempts.flatMap(({ id }) => history.servedBy.get(id) ?? []);
    const found = served.map((release) => takenBack.get(release)).find((one) => one !== undefined);
    if (first === undefined || found === undefined || first.sentAt <= found.doneAt + ROUNDED_MS) continue;
    if (found.wasCurrent && attempts.every((attempt) => isCutOff(attempt, found, history))) cutOffAfterPromotion += 1;
    else violations.push({ kind: "leaked", conversation: name, message: messageOf(first, found) });
  }
  return { violations, cutOffAfterPromotion };
}

function messageOf({ sentAt }: Attempt, { rollout, doneAt }: TakenBack): string {
  const late = Math.round(sentAt - doneAt);
  return `its first request was sent ${late} ms after rollout ${rollout} was taken back everywhere, and met the canary`;
}

/** It went through a gateway that had not acknowledged the table that takes the release back, or followed there. */
function isCutOff(attempt: Attempt, { revision }: TakenBack, history: IndexedHistory): boolean {
  const acked = history.ackedBy(attempt.gateway, attempt.sentAt);
  return attempt.turn > 0 || acked === null || compareKeys(acked, revision) < 0;
}

export function takenBackIn({ ledger }: Pick<History, "ledger">): readonly TakenBack[] {
  const canaries = new Map<string, string>();
  const promoted = new Set<string>();
  const takenBack: TakenBack[] = [];
  for (const entry of ledger) {
    if (entry.subject.startsWith("agent/")) continue;
    const event: RolloutEvent = parseRolloutEvent(entry);
    if (event.type === "applied") canaries.set(entry.subject, event.canary.digest);
    if (event.type !== "synced") continue;
    if (event.of.kind === "Promoting") promoted.add(entry.subject);
    const canary = canaries.get(entry.subject);
    if (canary === undefined || !["RollingBack", "Aborting"].includes(event.of.kind)) continue;
    takenBack.push({
      rollout: entry.subject,
      canary,
      doneAt: event.at,
      wasCurrent: promoted.has(entry.subject),
      revision: revisionKey(event.propagation.revision),
    });
  }
  return takenBack;
}
