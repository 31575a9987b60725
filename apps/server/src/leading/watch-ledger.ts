import { LedgerError, type Ledger, type LedgerErrorCode } from "@perch/domain";

/** After these a server does not know any more what the ledger says, or may not write to it. */
const LOST: ReadonlySet<LedgerErrorCode> = new Set(["deposed", "in_doubt", "conflict"]);

/** Of a leader: `onLost` runs when an append shows that its term has to end. What it rejects with is passed on all the same. */
export function watchLedger(ledger: Ledger, onLost: (reason: string) => void): Ledger {
  return {
    ...ledger,
    async append(entry, expected, epoch) {
      try {
        return await ledger.append(entry, expected, epoch);
      } catch (error) {
        if (error instanceof LedgerError && LOST.has(error.code)) onLost(error.message);
        throw error;
      }
    },
  };
}
