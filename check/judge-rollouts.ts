import { foldRollout } from "@perch/domain";
import type { History, Violation } from "./history.ts";

/** Rollout → the phase it ended in; `refused` for one that the ledger does not know. */
export function phasesOf({ ledger, expected }: Pick<History, "ledger" | "expected">): ReadonlyMap<string, string> {
  const bySubject = Map.groupBy(ledger, ({ subject }) => subject);
  return new Map(
    [...expected.keys()].map((rollout) => {
      const entries = bySubject.get(rollout);
      return [rollout, entries === undefined ? "refused" : foldRollout(entries).phase.kind];
    }),
  );
}

export function judgeRollouts(history: Pick<History, "ledger" | "expected">): readonly Violation[] {
  return [...phasesOf(history)]
    .filter(([rollout, phase]) => phase !== history.expected.get(rollout))
    .map(([rollout, phase]) => ({
      kind: "rollout",
      conversation: null,
      message: `rollout ${rollout} ended as ${phase}, expected ${history.expected.get(rollout)}`,
    }));
}
