import { chainEntry, LedgerError, type Ledger, type LedgerEntry } from "@perch/domain";

/** A ledger that lasts as long as the process. */
export function createMemoryLedger(): Ledger {
  const entries: LedgerEntry[] = [];
  return {
    async append(entry, expected) {
      const last = entries.findLast((held) => held.subject === entry.subject)?.sequence ?? 0;
      if (last !== expected) {
        throw new LedgerError({
          code: "conflict",
          message: `the last entry about ${entry.subject} is ${last}, expected ${expected}`,
          hint: "read the subject again and decide anew",
        });
      }
      const chained = chainEntry(entries.at(-1) ?? null, structuredClone(entry));
      entries.push(chained);
      return chained;
    },
    read: async (subject) => entries.filter((entry) => entry.subject === subject),
    readAll: async (afterSequence) => entries.slice(afterSequence),
    close: async () => {},
  };
}
