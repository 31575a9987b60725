import type { Digest } from "../release/digest.ts";
import type { SessionId } from "../routing/ids.ts";
import { formatTransactionKey, type TransactionKey, type TransactionReport } from "./transaction.ts";

/** What is kept of a transaction. One that was closed before anybody told of its beginning has no session. */
export type KeptTransaction = TransactionKey & {
  readonly session: SessionId | null;
  readonly release: Digest | null;
  readonly openedAt: number | null;
  /** Null: it is open. */
  readonly closedAt: number | null;
};

/** An opening under a name that another session's transaction has. */
export type TransactionConflict = TransactionKey & { readonly session: SessionId; readonly heldBy: SessionId };

export type MergedReports = {
  /** One for each transaction. */
  readonly changes: readonly KeptTransaction[];
  readonly conflicts: readonly TransactionConflict[];
};

/** What a batch says of each transaction, whatever the order of its reports. */
export function mergeReports(reports: readonly TransactionReport[]): MergedReports {
  const changes = new Map<string, KeptTransaction>();
  const conflicts: TransactionConflict[] = [];
  for (const report of reports) {
    const key = formatTransactionKey(report);
    const held = changes.get(key);
    const change = keptAs(report);
    const conflict = held === undefined ? null : conflictOfTransactions(held, change);
    if (conflict === null) changes.set(key, held === undefined ? change : mergeTransaction(held, change));
    else conflicts.push(conflict);
  }
  return { changes: [...changes.values()], conflicts };
}

/** What was said first counts; a closing is for good. */
export function mergeTransaction(held: KeptTransaction, change: KeptTransaction): KeptTransaction {
  return {
    ...held,
    session: held.session ?? change.session,
    release: held.release ?? change.release,
    openedAt: held.openedAt ?? change.openedAt,
    closedAt: held.closedAt ?? change.closedAt,
  };
}

/** Null unless two sessions mean different work by one name. */
export function conflictOfTransactions(held: KeptTransaction, change: KeptTransaction): TransactionConflict | null {
  const { agent, tool, id, session } = change;
  if (session === null || held.session === null || held.session === session) return null;
  return { agent, tool, id, session, heldBy: held.session };
}

function keptAs(report: TransactionReport): KeptTransaction {
  const { agent, tool, id } = report;
  if (report.state === "closed") {
    return { agent, tool, id, session: null, release: null, openedAt: null, closedAt: report.closedAt };
  }
  const { session, release, openedAt } = report;
  return { agent, tool, id, session, release, openedAt, closedAt: null };
}
