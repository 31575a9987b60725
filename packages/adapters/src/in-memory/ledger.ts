import { chainEntry, conflictOf, deposedBy, type Ledger, type LedgerEntry } from "@perch/domain";
import type { MemoryServerState } from "./server-state.ts";

/** A ledger that lasts as long as the process. Without a state no epoch is ever given: writers are of epoch 0. */
export function createMemoryLedger(state: Pick<MemoryServerState, "epoch"> = { epoch: () => 0 }): Ledger {
  const entries: LedgerEntry[] = [];
  return {
    async append(entry, expected, epoch) {
      if (state.epoch() !== epoch) throw deposedBy(state.epoch(), epoch);
      const last = entries.findLast((held) => held.subject === entry.subject)?.sequence ?? 0;
      if (last !== expected) throw conflictOf(entry.subject, last, expected);
      const chained = chainEntry(entries.at(-1) ?? null, structuredClone(entry));
      entries.push(chained);
      return chained;
    },
    read: async (subject) => entries.filter((entry) => entry.subject === subject),
    readAll: async (afterSequence, limit) => entries.slice(afterSequence).slice(0, limit),
    close: async () => {},
  };
}
