import {
  conflictOfTransactions,
  formatTransactionKey,
  mergeReports,
  mergeTransaction,
  type KeptTransaction,
  type OpenTransaction,
  type TransactionStore,
} from "@perch/domain";

/** Transactions that are kept as long as the process lives. */
export function createMemoryTransactionStore(): TransactionStore {
  const kept = new Map<string, KeptTransaction>();
  const allOpen = (): readonly OpenTransaction[] => [...kept.values()].flatMap(openOf);
  return {
    async record(reports) {
      const { changes, conflicts } = mergeReports(reports);
      const pairs = changes.map((change) => [kept.get(formatTransactionKey(change)) ?? change, change] as const);
      const all = [...conflicts, ...pairs.flatMap(([held, change]) => conflictOfTransactions(held, change) ?? [])];
      if (all.length > 0) return all;
      for (const [held, change] of pairs) kept.set(formatTransactionKey(held), mergeTransaction(held, change));
      return [];
    },
    async openCounts() {
      const groups = Map.groupBy(allOpen(), ({ agent, release }) => `${agent} ${release ?? ""}`);
      return [...groups.values()].flatMap((group) =>
        group.slice(0, 1).map(({ agent, release }) => ({ agent, release, open: group.length })),
      );
    },
    async open({ agent, release, limit, after }) {
      return allOpen()
        .filter((one) => one.agent === agent && one.release === release)
        .toSorted(compare)
        .filter((one) => after === null || compare(one, after) > 0)
        .slice(0, limit);
    },
    async reassign(key, { from, to }) {
      const held = kept.get(formatTransactionKey(key));
      if (held === undefined || held.closedAt !== null || held.release !== from) return;
      kept.set(formatTransactionKey(key), { ...held, release: to });
    },
    async forgetClosed(before) {
      for (const [key, { closedAt }] of kept) if (closedAt !== null && closedAt < before) kept.delete(key);
    },
  };
}

function openOf({ closedAt, session, openedAt, ...rest }: KeptTransaction): readonly OpenTransaction[] {
  return closedAt === null && session !== null && openedAt !== null ? [{ ...rest, session, openedAt }] : [];
}

type Place = Pick<OpenTransaction, "openedAt" | "tool" | "id">;

function compare(a: Place, b: Place): number {
  return a.openedAt - b.openedAt || bytes(a.tool, b.tool) || bytes(a.id, b.id);
}

function bytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
