import type { DatabaseSync } from "node:sqlite";
import { conflictOfTransactions, mergeReports, type KeptTransaction, type TransactionStore } from "@perch/domain";
import { parseCountRow, parseKeptRow, parseOpenRows } from "../transaction-row/parse-transaction-row.ts";
import { inTransaction } from "./open-database.ts";

// What was said first counts, and a closing is for good: as `mergeTransaction` has it.
const STORE = `
  INSERT INTO tool_transaction (agent, tool, id, session, release, opened_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (agent, tool, id) DO UPDATE SET
    session = coalesce(session, excluded.session), release = coalesce(release, excluded.release),
    opened_at = coalesce(opened_at, excluded.opened_at), closed_at = coalesce(closed_at, excluded.closed_at)`;
const OPEN = `
  SELECT * FROM tool_transaction
  WHERE closed_at IS NULL AND agent = ? AND release IS ? AND (opened_at, tool, id) > (?, ?, ?)
  ORDER BY opened_at, tool, id LIMIT ?`;

/** Open transactions in a database of `openServerDatabase`, which stays open. */
export function createSqliteTransactionStore(database: DatabaseSync): TransactionStore {
  const find = database.prepare("SELECT * FROM tool_transaction WHERE agent = ? AND tool = ? AND id = ?");
  const [store, open] = [database.prepare(STORE), database.prepare(OPEN)];
  const counts = database.prepare(
    "SELECT agent, release, count(*) AS open FROM tool_transaction WHERE closed_at IS NULL GROUP BY agent, release",
  );
  const assign = database.prepare(
    `UPDATE tool_transaction SET release = ?
     WHERE agent = ? AND tool = ? AND id = ? AND release IS ? AND closed_at IS NULL`,
  );
  const forget = database.prepare("DELETE FROM tool_transaction WHERE closed_at < ?");
  const heldOf = ({ agent, tool, id }: KeptTransaction): KeptTransaction | null => {
    const row = find.get(agent, tool, id);
    return row === undefined ? null : parseKeptRow(row);
  };
  return {
    async record(reports) {
      const { changes, conflicts } = mergeReports(reports);
      return inTransaction(database, () => {
        const others = changes.flatMap((change) => conflictOfTransactions(heldOf(change) ?? change, change) ?? []);
        if (conflicts.length + others.length > 0) return [...conflicts, ...others];
        for (const { agent, tool, id, session, release, openedAt, closedAt } of changes) {
          store.run(agent, tool, id, session, release, openedAt, closedAt);
        }
        return [];
      });
    },
    async openCounts() {
      return counts.all().map(parseCountRow);
    },
    async open({ agent, release, limit, after }) {
      const behind = after ?? { openedAt: -Number.MAX_VALUE, tool: "", id: "" };
      return parseOpenRows(open.all(agent, release, behind.openedAt, behind.tool, behind.id, limit));
    },
    async reassign({ agent, tool, id }, { from, to }) {
      assign.run(to, agent, tool, id, from);
    },
    async forgetClosed(before) {
      forget.run(before);
    },
  };
}
